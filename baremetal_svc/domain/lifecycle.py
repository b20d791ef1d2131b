# SPDX-License-Identifier: Apache-2.0
"""The one table of what each kind of operation does to a server's status. The diagram in the docs is generated from it."""

from dataclasses import dataclass
from typing import Any

from baremetal_svc.domain.errors import Conflict
from baremetal_svc.domain.operation import State
from baremetal_svc.domain.server import STABLE, Status


@dataclass(frozen=True, slots=True)
class Change:
    """One row: from which statuses, shown during, on success, on failure; None stands for "there is no server" or "unchanged".

    :ivar cancellable: a delete may stop it between two tasks.
    :ivar deadline: seconds after which it is stopped and undone or brought to its failure status, unless [deadlines] says otherwise;
        None for never.
    :ivar cancelled: on a cancel, where that is not what a failure leaves.
    :ivar follows_power: where it leaves ``active`` or ``stopped``, it is the one that the machine's power says. Not so for a create: it
        has the machine booted.
    :ivar retriable: when it was what brought the server to ``error``, a retry begins it again from there.
    """

    allowed: frozenset[Status | None]
    during: Status | None
    success: Status | None
    failure: Status | None
    cancellable: bool = True
    deadline: float | None = 3600.0
    retriable: bool = False
    cancelled: Status | None = None
    follows_power: bool = True

    def end(self, state: str) -> Status | None:
        """The status that an operation leaves by its own end."""
        if state == State.DONE:
            return self.success
        return self.cancelled if self.cancelled and state == State.CANCELLED else self.failure


def _row(allowed: set[Status | None], during: Status, success: Status | None, failure: Status, **more: Any) -> Change:
    return Change(frozenset(allowed), during, success, failure, **more)


_ANY: set[Status | None] = {status for status in Status if status is not Status.DELETING}
_SETTLED: frozenset[Status | None] = frozenset({Status.ACTIVE, Status.STOPPED})
_POWER = 900.0

LIFECYCLE: dict[str, Change] = {
    "servers.create": _row({None}, Status.BUILDING, Status.ACTIVE, Status.ERROR, retriable=True, follows_power=False),
    "servers.delete": _row(_ANY, Status.DELETING, None, Status.ERROR, cancellable=False, deadline=7200.0, retriable=True),
    "power.start": _row({Status.STOPPED, Status.ACTIVE}, Status.POWERING_ON, Status.ACTIVE, Status.STOPPED, deadline=_POWER),
    "power.stop": _row({Status.ACTIVE}, Status.POWERING_OFF, Status.STOPPED, Status.ACTIVE, deadline=_POWER),
    "power.soft_stop": _row({Status.ACTIVE}, Status.SOFT_POWERING_OFF, Status.STOPPED, Status.ACTIVE, deadline=_POWER),
    "power.reboot": _row(
        {Status.ACTIVE}, Status.REBOOTING, Status.ACTIVE, Status.ERROR, deadline=_POWER, retriable=True, cancelled=Status.ACTIVE
    ),
    "power.soft_reboot": _row({Status.ACTIVE}, Status.SOFT_REBOOTING, Status.ACTIVE, Status.ACTIVE, deadline=_POWER),
    "adoption.adopt": _row({None}, Status.BUILDING, Status.ACTIVE, Status.ERROR),
    "adoption.release": _row({*_SETTLED, Status.ERROR}, Status.DELETING, None, Status.ERROR, cancellable=False, retriable=True),
    # Its failure is "error": the disk may be half written. Rebuilding again completes it.
    "rebuild.deploy": _row({*_SETTLED, Status.ERROR}, Status.REBUILDING, Status.ACTIVE, Status.ERROR, cancellable=False, retriable=True),
    # A connection comes and goes beside the status.
    "networks.attach": Change(_SETTLED, None, None, None, deadline=900.0),
    "networks.detach": Change(_SETTLED, None, None, None, cancellable=False, deadline=900.0),
    "nodes.release": Change(frozenset({None}), None, None, None, cancellable=False, deadline=None),
}


def check_allowed(kind: str, status: str) -> None:
    """Refuse an operation from a status that its row does not name.

    :raises Conflict:
    """
    change = LIFECYCLE[kind]
    if Status(status) not in change.allowed:
        allowed = ", ".join(sorted(str(s) for s in change.allowed if s is not None))
        raise Conflict(f"{kind} is not possible while the server is {status}.", hint=f"It is possible from: {allowed}.")


def mermaid() -> str:
    """The table as a Mermaid state diagram, one line an arrow."""
    lines = ["stateDiagram-v2"]
    for kind, change in LIFECYCLE.items():
        if change.during is None:
            continue
        lines += [
            f"    {_id(status)} --> {_id(change.during)}: {kind}" for status in sorted(change.allowed, key=str) if _drawn(status, change)
        ]
        if change.retriable and Status.ERROR not in change.allowed:
            lines.append(f"    {_id(Status.ERROR)} --> {_id(change.during)}: {kind}, retried")
        lines.append(f"    {_id(change.during)} --> {_id(change.success)}: done")
        if change.failure != change.success:
            lines.append(f"    {_id(change.during)} --> {_id(change.failure)}: failed")
        if change.cancelled not in (None, change.failure, change.success):
            lines.append(f"    {_id(change.during)} --> {_id(change.cancelled)}: cancelled")
    return "\n".join(lines) + "\n"


def _drawn(status: Status | None, change: Change) -> bool:
    """Leave out arrows of delete from statuses in between: they go by way of the cancelled operation."""
    return status is None or status in STABLE or (change.success is None and status is Status.BUILDING)


def _id(status: Status | None) -> str:
    return "[*]" if status is None else status.value.replace("-", "_")
