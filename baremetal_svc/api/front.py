# SPDX-License-Identifier: Apache-2.0
"""Reads and limits the request before pecan sees it: pecan and WebOb would parse bodies and queries in ways of their own."""

import io
from collections.abc import Callable, Iterable
from typing import Any

from baremetal_svc.domain.errors import Invalid, TooLarge

Environ = dict[str, Any]
KEY = "baremetal_svc.request"


class Front:
    """WSGI middleware: leaves {"path", "query", "body", "accept"} in the environment and an empty request to pecan."""

    def __init__(self, application: Callable[..., Iterable[bytes]], max_body: int) -> None:
        self._application = application
        self._max = max_body

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        environ[KEY] = {"path": _path(environ), "query": environ.get("QUERY_STRING", ""), "body": self._body(environ)}
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
        if length and not (length.isascii() and length.isdigit()):
            raise Invalid("Content-Length is not a number.")
        if length and int(length) > self._max:
            raise TooLarge(f"The body has {length} bytes, at most {self._max} are read.")
        if not length and "HTTP_TRANSFER_ENCODING" not in environ:
            return b""
        body: bytes = environ["wsgi.input"].read(int(length) if length else self._max + 1)
        if len(body) > self._max:
            raise TooLarge(f"The body is larger than {self._max} bytes.")
        return body


def _path(environ: Environ) -> str:
    try:
        path: str = environ.get("PATH_INFO", "/").encode("latin-1").decode("utf-8")
    except UnicodeError as error:
        raise Invalid("The path is not valid UTF-8.") from error
    if len(path) > 2048:
        raise Invalid("The path is longer than 2,048 characters.")
    return path
