# SPDX-License-Identifier: Apache-2.0
"""Errors as the API working group writes them, plus the two older forms that Mogan's clients read. Never a traceback."""

import logging
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

import orjson

from baremetal_svc.domain import errors

LOG = logging.getLogger(__name__)
Environ = dict[str, Any]
StartResponse = Callable[..., Any]

STATUS: dict[type[errors.ServiceError], int] = {
    errors.Invalid: 400,
    errors.NotAuthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.MethodNotAllowed: 405,
    errors.UnsupportedVersion: 406,
    errors.Conflict: 409,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    errors.UnsupportedMediaType: 415,
    errors.RateLimited: 429,
    errors.OutsideRefused: 409,
    errors.Unavailable: 503,
}
REASONS = {status: HTTPStatus(status).phrase for status in (200, 201, 202, 204, 500, *STATUS.values())}
RETRY_AFTER = "5"


def status_of(error: errors.ServiceError) -> int:
    """The HTTP status of an error, by the nearest class of the tree."""
    return next((STATUS[cls] for cls in type(error).__mro__ if cls in STATUS), 500)


def body_of(error: errors.ServiceError, request_id: str | None) -> bytes:
    """The error as JSON: the list of the API working group, the flat message, and Mogan's doubly encoded one."""
    status = status_of(error)
    old = {"faultcode": "Client" if status < 500 else "Server", "faultstring": error.detail, "debuginfo": None}
    entry = {
        "status": status,
        "code": f"{error.code}",
        "title": error.title,
        "detail": error.detail,
        "hint": error.hint,
        "request_id": request_id,
        "links": [],
    }
    return orjson.dumps({"errors": [entry], "message": error.detail, "error_message": orjson.dumps(old).decode()})


def respond(environ: Environ, start_response: StartResponse, error: errors.ServiceError) -> Iterable[bytes]:
    """Answer a request with an error."""
    body = body_of(error, environ.get("openstack.request_id"))
    status = status_of(error)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    if status == 503:
        headers.append(("Retry-After", RETRY_AFTER))
    if isinstance(error, errors.RateLimited):
        headers.append(("Retry-After", str(error.seconds)))
    if isinstance(error, errors.MethodNotAllowed):
        headers.append(("Allow", ", ".join(error.allowed)))
    start_response(f"{status} {REASONS[status]}", headers)
    return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]


class Faults:
    """WSGI middleware: whatever is raised below becomes an error document."""

    def __init__(self, application: Callable[[Environ, StartResponse], Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        try:
            return self._application(environ, start_response)
        except errors.ServiceError as error:
            return respond(environ, start_response, error)
        except Exception:  # the last line of defence: the user gets the request id, the log gets the traceback
            LOG.exception("Request %s failed", environ.get("openstack.request_id"))
            return respond(environ, start_response, errors.ServiceError("An unexpected error occurred."))
