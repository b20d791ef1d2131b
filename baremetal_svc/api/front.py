# SPDX-License-Identifier: Apache-2.0
"""Reads and limits the request before pecan sees it: pecan and WebOb would parse bodies and queries in ways of their own."""

import io
from collections.abc import Callable, Iterable
from typing import Any

from baremetal_svc.domain.errors import Invalid, TooLarge

Environ = dict[str, Any]
KEY = "baremetal_svc.request"


class Front:
    """WSGI middleware: leaves {"path", "query", "body", "type"} in the environment and an empty request to pecan."""

    def __init__(self, application: Callable[..., Iterable[bytes]], max_body: int) -> None:
        self._application = application
        self._max = max_body

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[KEY] = {
            "path": _path(environ),
            "query": environ.get("QUERY_STRING", ""),
            "body": self._body(environ),
            "type": _type(environ),
        }
        replaced = {
            "QUERY_STRING": "",
            "PATH_INFO": "/",
            "HTTP_ACCEPT": "application/json",
            "CONTENT_LENGTH": "0",
            "wsgi.input": io.BytesIO(),
        }
        quiet = {k: v for k, v in environ.items() if k not in ("CONTENT_TYPE", "HTTP_TRANSFER_ENCODING")}
        return self._application({**quiet, **replaced}, start_response)

    def _body(self, environ: Environ) -> bytes:
        length = environ.get("CONTENT_LENGTH") or ""
        if "HTTP_TRANSFER_ENCODING" in environ:
            # A server's reader may take a chunk of any size into memory before we could count it.
            raise Invalid("Bodies with Transfer-Encoding are not read.", hint="Send the body with Content-Length.")
        if length and not (length.isascii() and length.isdigit() and len(length) < 16):
            raise Invalid("Content-Length is not a number.")
        if length and int(length) > self._max:
            raise TooLarge(f"The body has {length} bytes, at most {self._max} are read.")
        try:
            body: bytes = environ["wsgi.input"].read(int(length or 0))
        except OSError as error:
            raise Invalid("The body did not come.") from error
        if len(body) < int(length or 0):
            raise Invalid(f"The body ended after {len(body)} of {length} bytes.")
        return body


def _type(environ: Environ) -> str:
    kind: str = environ.get("CONTENT_TYPE") or ""
    return kind.partition(";")[0].strip().lower()


def _path(environ: Environ) -> str:
    try:
        path: str = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8")
    except UnicodeError as error:
        raise Invalid("The path is not valid UTF-8.") from error
    if len(path) > 2048:
        raise Invalid("The path is longer than 2,048 characters.")
    return path
