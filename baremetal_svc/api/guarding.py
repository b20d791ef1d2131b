# SPDX-License-Identifier: Apache-2.0
"""Headers that tell browsers and caches to do nothing clever with an answer: it is data, for who asked, now."""

from collections.abc import Callable, Iterable
from typing import Any

HEADERS = (
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    # Key pairs and consoles hold secrets, and everything else depends on who asks.
    ("Cache-Control", "no-store"),
)


class Guarded:
    """WSGI middleware: adds what the answer does not have already.

    :param hsts_seconds: over https, how long browsers use nothing else for this host; 0: they are not told.
    """

    def __init__(self, application: Callable[..., Iterable[bytes]], hsts_seconds: int) -> None:
        self._application = application
        self._hsts = ("Strict-Transport-Security", f"max-age={hsts_seconds}") if hsts_seconds else None

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def starting(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            secure = [self._hsts] if self._hsts and environ.get("wsgi.url_scheme") == "https" else []
            there = {name.lower() for name, _ in headers}
            return start_response(status, [*headers, *(pair for pair in (*HEADERS, *secure) if pair[0].lower() not in there)], *rest)

        return self._application(environ, starting)
