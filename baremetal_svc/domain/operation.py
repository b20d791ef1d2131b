# SPDX-License-Identifier: Apache-2.0
"""An operation: what was asked and must end. Source: design, section 4."""

from enum import StrEnum


class State(StrEnum):
    """PENDING -> RUNNING <-> WAITING -> DONE | FAILED | CANCELLED."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})
LIVE = frozenset(State) - FINAL
#: Ended without what was asked.
IN_VAIN = FINAL - {State.DONE}


class StepState(StrEnum):
    """State of one step, derived from the flow's atom."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


_FROM_ATOM = {
    "PENDING": StepState.PENDING,
    "RUNNING": StepState.RUNNING,
    "SUCCESS": StepState.DONE,
    "FAILURE": StepState.FAILED,
    "REVERTING": StepState.UNDOING,
    "REVERTED": StepState.UNDONE,
    "REVERT_FAILURE": StepState.FAILED,
    "RETRYING": StepState.RUNNING,
    "IGNORE": StepState.DONE,
}


def step_state(atom_state: str | None) -> StepState:
    """The step's state for a TaskFlow atom state; an atom without a state has not begun."""
    return _FROM_ATOM[atom_state or "PENDING"]


def backoff(attempts: int, *, first: float = 1.0, cap: float = 300.0) -> float:
    """Seconds to wait after the given number of vain attempts (from 1), doubling up to the cap."""
    return min(cap, first * 2.0 ** min(max(attempts, 1) - 1, 20))
