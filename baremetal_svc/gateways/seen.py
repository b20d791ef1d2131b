# SPDX-License-Identifier: Apache-2.0
"""What was seen a moment ago: a batch of requests asks for one network and one image, and each answer costs the other side much."""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

import cachetools

T = TypeVar("T")
#: Seconds for which what was seen is taken to be there still. Whoever acts on it (Neutron, the conductor) looks again.
SECONDS = 5.0


class Seen(Generic[T]):
    """Remembers what was found, never what was not; for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: cachetools.TTLCache[Hashable, T] = cachetools.TTLCache(1024, SECONDS)

    def look(self, key: Hashable, ask: Callable[[], T | None]) -> T | None:
        """What was found under the key a moment ago, or what asking finds now."""
        with self._lock:
            seen = self._seen.get(key)
        if seen is not None:
            return seen
        found = ask()
        if found is not None:
            with self._lock:
                self._seen[key] = found
        return found
