# SPDX-License-Identifier: Apache-2.0
"""Tells what operations do, after it is committed: metrics, and notifications where the configuration asks for them.

At most once: a conductor that dies between the commit and this tells nothing. The database is what counts.
"""

from collections.abc import Mapping, Sequence

from baremetal_svc import metrics, notifications
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.operation import State, StepState


class Announcer:
    """One for each conductor."""

    def __init__(self, bus: notifications.Notifications | None) -> None:
        self._bus = bus

    def begun(self, operation: Row) -> None:
        """An operation was claimed: the start of it when that was the first time, not a resumption."""
        if operation["generation"] == 1:
            self._notify(operation, "start")

    def ended(self, operation: Row, steps: Sequence[Row]) -> None:
        """An operation has come to its end; what its row and its steps say then."""
        kind, state = operation["kind"], operation["state"]
        metrics.ENDED.labels(kind, state).inc()
        metrics.OPERATION_SECONDS.labels(kind).observe(operation["ended_at"] - operation["created_at"])
        for step in steps:
            if step["state"] == StepState.DONE and step["started_at"] is not None:
                metrics.STEP_SECONDS.labels(kind, metrics.step_label(step["name"])).observe(step["ended_at"] - step["started_at"])
        self._notify(operation, "end" if state == State.DONE else "error")

    def repaired(self, repair: Mapping[str, str]) -> None:
        """The reconciler has mended something: {"code", "target_kind", "target_id"}."""
        if self._bus is not None:
            self._bus.send("reconciler.repair.end", notifications.repair_payload(repair))

    def crossed(self, pool: Row, *, total: int, free: int, low: bool, as_of: float) -> None:
        """Too few nodes of a pool ({"id", "name", "free_below"}) are free, or enough again."""
        if self._bus is not None:
            payload = notifications.capacity_payload(pool, total=total, free=free, as_of=as_of)
            self._bus.send(f"pools.capacity.{'low' if low else 'ok'}", payload)

    def close(self) -> None:
        """Send what waits."""
        if self._bus is not None:
            self._bus.close()

    def _notify(self, operation: Row, event: str) -> None:
        if self._bus is not None:
            self._bus.send(f"{operation['kind']}.{event}", notifications.operation_payload(operation))
