# SPDX-License-Identifier: Apache-2.0
"""Around every request: the context that its log lines carry, one line that tells how it ended, its metrics."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote

from baremetal_svc import metrics
from baremetal_svc.context import RequestContext

LOG = logging.getLogger(__name__)
#: Where the root notes which route a request is for: {"route": its template}.
SEEN = "baremetal_svc.seen"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: Asked every second by load balancers.
_QUIET = "/healthcheck"


class Observed:
    """WSGI middleware; inside the one that makes the request id."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self._application = application

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        begun = time.monotonic()
        # Until the caller is known; without it this thread would log under the request before.
        RequestContext(request_id=environ.get("openstack.request_id"))
        environ[SEEN] = {}
        status = ["500"]

        def starting(line: str, *rest: Any) -> Any:
            status[0] = line.partition(" ")[0]
            return start_response(line, *rest)

        try:
            return self._application(environ, starting)
        finally:
            _conclude(environ, status[0], time.monotonic() - begun)


def _conclude(environ: dict[str, Any], status: str, seconds: float) -> None:
    # Whatever clients send: a label has few values, and a line of the log is one line.
    asked = environ["REQUEST_METHOD"]
    method, route = asked if asked in _METHODS else "other", environ[SEEN].get("route", "none")
    metrics.REQUESTS.labels(method, route, status).inc()
    metrics.REQUEST_SECONDS.labels(method, route).observe(seconds)
    path = quote(environ.get("PATH_INFO", ""), encoding="latin-1")[:2048]
    LOG.log(logging.DEBUG if route == _QUIET else logging.INFO, "%s %s: %s in %.3f s", method, path, status, seconds)
