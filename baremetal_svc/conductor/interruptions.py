# SPDX-License-Identifier: Apache-2.0
"""What ends a run without ending its operation. BaseExceptions: TaskFlow must not take them for a task's failure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodeWait:
    """Which node a wait is for: it ends when a listing begun after ``since`` (database time) shows it at rest, or torn down."""

    node_id: str
    since: float
    until: str = "settled"


class NotYet(BaseException):
    """The condition of a waiting task is not met: the task stays RUNNING in the logbook and is executed again on resume.

    :ivar seconds: the latest time after which to look again even if nothing wakes the operation.
    """

    def __init__(self, reason: str, *, seconds: float = 60.0, wait: NodeWait | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.seconds = seconds
        self.wait = wait


class Outage(BaseException):
    """The database, the bus or a service is away: the operation is kept and tried again after a back-off."""


class LeaseLost(BaseException):
    """Another conductor has the operation: stop at once, revert nothing."""
