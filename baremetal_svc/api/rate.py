# SPDX-License-Identifier: Apache-2.0
"""How often a project may ask, in one process: token buckets, none of them a thread or a row. Says nothing about who may do what."""

import math
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import cachetools

from baremetal_svc.domain.errors import RateLimited

#: Projects that are remembered; who is forgotten, the one that asked longest ago, has a full bucket.
REMEMBERED = 10_000


class Buckets:
    """A bucket of ``burst`` requests for each project, refilled by ``per_second``; kept as the time at which it is full again (GCRA)."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._interval = 1 / per_second
        self._tolerance = (burst - 1) * self._interval
        self._clock = clock
        self._lock = threading.Lock()
        self._full_at: cachetools.LRUCache[str, float] = cachetools.LRUCache(REMEMBERED)

    def take(self, project: str) -> float:
        """0 when the request may go on; else seconds until one may. Who is refused takes nothing."""
        with self._lock:
            now = self._clock()
            full_at = max(self._full_at.get(project, now), now)
            wait = full_at - now - self._tolerance
            # What is left of a sum and a difference of floats is no wait.
            if wait > 1e-9:
                return wait
            self._full_at[project] = full_at + self._interval
            return 0.0


class Limited:
    """WSGI middleware inside authentication: without a project, as for version documents, nothing is limited."""

    def __init__(self, application: Callable[..., Iterable[bytes]], buckets: Buckets) -> None:
        self._application = application
        self._buckets = buckets

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        project = environ.get("HTTP_X_PROJECT_ID")
        wait = self._buckets.take(project) if project else 0.0
        if wait:
            raise RateLimited("Your project sends more requests than it may.", math.ceil(wait))
        return self._application(environ, start_response)
