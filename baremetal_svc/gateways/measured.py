# SPDX-License-Identifier: Apache-2.0
"""Counts and times every call of a gateway, whichever adapter stands behind it. Changes neither answers nor errors."""

import dataclasses
import time
from collections.abc import Callable, Iterator
from typing import Any

from baremetal_svc import metrics
from baremetal_svc.domain.errors import ServiceError, Unavailable
from baremetal_svc.gateways.protocols import Gateways


class Measured:
    """A gateway whose calls are counted under the name of its service."""

    def __init__(self, service: str, gateway: object) -> None:
        self._service = service
        self._gateway = gateway

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._gateway, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            begun = time.monotonic()
            try:
                answer = method(*args, **kwargs)
            except Exception as error:
                self._count(name, _outcome(error), time.monotonic() - begun)
                raise
            if isinstance(answer, Iterator):
                return self._each(name, answer)
            self._count(name, "ok", time.monotonic() - begun)
            return answer

        return call

    def _each(self, name: str, items: Iterator[Any]) -> Iterator[Any]:
        """A listing is sent page by page, as it is read: only the time in it counts, not that of its reader."""
        spent, outcome = 0.0, "ok"
        try:
            while True:
                begun = time.monotonic()
                try:
                    item = next(items, _END)
                finally:
                    spent += time.monotonic() - begun
                if item is _END:
                    return
                yield item
        except Exception as error:
            outcome = _outcome(error)
            raise
        finally:
            self._count(name, outcome, spent)

    def _count(self, name: str, outcome: str, seconds: float) -> None:
        metrics.CALLS.labels(self._service, name, outcome).inc()
        metrics.CALL_SECONDS.labels(self._service).observe(seconds)


_END = object()


def gateways(plain: Gateways) -> Gateways:
    """The same gateways, measured."""
    names = [field.name for field in dataclasses.fields(plain)]
    measured: dict[str, Any] = {name: Measured(name, getattr(plain, name)) for name in names}
    return dataclasses.replace(plain, **measured)


def _outcome(error: Exception) -> str:
    # What stops a run (a lost lease) is a BaseException: nothing was sent then, and nothing is counted.
    return "unavailable" if isinstance(error, Unavailable) else "refused" if isinstance(error, ServiceError) else "error"
