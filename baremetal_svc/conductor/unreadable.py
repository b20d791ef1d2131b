# SPDX-License-Identifier: Apache-2.0
"""What becomes of an operation whose logbook cannot be read: it is undone by what its rows say, never loaded again and again.

What only goes forward to nothing (a delete, a release) begins anew with an empty logbook: each of its steps finds what was done.
"""

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from taskflow import task

from baremetal_svc.conductor import ending, persistence
from baremetal_svc.conductor.interruptions import NotYet
from baremetal_svc.conductor.run import Run
from baremetal_svc.db import faults, operations, rows
from baremetal_svc.domain.errors import LogbookUnreadable
from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.operation import State


def give_up(run: Run, tasks: Sequence[task.Task], given: Mapping[str, Any]) -> tuple[rows.Row, list[rows.Row]]:
    """Undo and end the operation; its row and its steps as they stand then.

    :param tasks: of its flow, whose reverts are repeated until they are done. :param given: what they may ask for by name.
    :raises NotYet: it begins anew. :raises LeaseLost: :raises Outage:
    """
    change = LIFECYCLE[run.operation["kind"]]
    again = not change.cancellable and change.success is None
    if again:
        run.transact(lambda conn: _forget(conn, run))
        raise NotYet("The logbook could not be read: the operation begins anew.", seconds=0)
    for step in reversed(tasks):
        _undo(step, {**given, "flow_failures": {}, "result": None})
    run.transact(lambda conn: _note(conn, run))
    error = {"code": LogbookUnreadable.code, "message": LogbookUnreadable.title + ".", "hint": LogbookUnreadable.hint, "step": None}
    return ending.conclude(run, State.FAILED, error)


def _undo(step: task.Task, given: Mapping[str, Any]) -> None:
    """Revert a task by the keys of the operation; one that needs what another task found cannot have its undo told from a guess."""
    parameters = inspect.signature(type(step).revert).parameters.values()
    named = [p.name for p in parameters if p.kind is not p.VAR_KEYWORD and p.name not in ("self", "args")]
    if all(name in given for name in named) and type(step).revert is not task.Task.revert:
        step.revert(**{name: given[name] for name in named})


def _forget(conn: Connection, run: Run) -> None:
    persistence.destroy(conn, run.id)
    operations.forget_steps(conn, run.id)
    _note(conn, run)


def _note(conn: Connection, run: Run) -> None:
    faults.record(
        conn, kind="operation", target_id=run.id, operation_id=run.id, code=LogbookUnreadable.code, message=f"{LogbookUnreadable.title}."
    )
