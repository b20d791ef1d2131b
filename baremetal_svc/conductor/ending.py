# SPDX-License-Identifier: Apache-2.0
"""The finalising transaction: the operation's end, the server's status by the lifecycle table, the hand-over to a waiting delete."""

import logging
from typing import Any

from sqlalchemy import Connection
from taskflow import states
from taskflow.types.failure import Failure

from baremetal_svc.conductor import persistence
from baremetal_svc.conductor.run import Run
from baremetal_svc.db import faults, operations, rows, servers
from baremetal_svc.domain import errors
from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.operation import State

LOG = logging.getLogger(__name__)
_BY_NAME = {cls.__name__: cls for cls in vars(errors).values() if isinstance(cls, type) and issubclass(cls, errors.ServiceError)}


def end(run: Run, storage: Any) -> tuple[rows.Row, list[rows.Row]]:
    """End the operation whose flow has run to SUCCESS or REVERTED; its row and its steps as they stand then.

    :raises LeaseLost:
    :raises Outage:
    """
    error = None if storage.get_flow_state() == states.SUCCESS else _error(storage)
    state = State.DONE if error is None else State.CANCELLED if error["code"] == errors.Cancelled.code else State.FAILED
    return conclude(run, state, error)


def conclude(run: Run, state: State, error: dict[str, Any] | None) -> tuple[rows.Row, list[rows.Row]]:
    """The finalising transaction; the operation's row and its steps as they stand then.

    :raises LeaseLost:
    :raises Outage:
    """

    def work(conn: Connection) -> tuple[rows.Row, list[rows.Row]]:
        _end_server(conn, run, state, error)
        operations.finish(conn, run.id, run.generation, state, error)
        if state is State.DONE:
            faults.clear(conn, run.id)
        persistence.destroy(conn, run.id)
        row = operations.get(conn, run.id)
        assert row is not None  # noqa: S101 (this transaction holds it)
        return row, operations.steps_of(conn, run.id)

    ended = run.transact(work)
    LOG.info("Operation %s (%s) %s%s", run.id, run.operation["kind"], state, "" if error is None else f": {error['message']}")
    return ended


def _end_server(conn: Connection, run: Run, state: State, error: dict[str, Any] | None) -> None:
    change = LIFECYCLE[run.operation["kind"]]
    server_id = run.operation["target_id"]
    of_server = run.operation["live_server"] or run.operation["live_delete"]
    if of_server and error is not None and state is State.FAILED:
        faults.record(conn, kind="server", target_id=server_id, operation_id=run.id, code=error["code"], message=error["message"])
    if change.during is None:
        return
    if of_server and state is State.DONE:
        # What went wrong before has been made good: a retry, a rebuild, a second power change.
        faults.clear_server(conn, server_id)
    delete = operations.live_delete_of(conn, server_id)
    if delete is not None and delete["id"] != run.id:
        return  # it shows "deleting" already, and the delete goes on from here
    status = change.end(state)
    if status is None:
        servers.forget(conn, server_id)
    elif change.follows_power:
        servers.come_to_rest(conn, server_id, status)
    else:
        servers.set_columns(conn, server_id, status=status)


def _error(storage: Any) -> dict[str, Any]:
    """The first failure that was not a consequence of another, as code, message and the step where it stood."""
    failures: dict[str, Failure] = storage.get_execute_failures()
    for name, failure in failures.items():
        # Its class and those that it comes from: gateways have classes of their own.
        known = next((found for name_ in failure if (found := _BY_NAME.get(name_.rsplit(".", 1)[-1]))), None)
        if known is None:
            LOG.error("Task %s failed unexpectedly: %s\n%s", name, failure.exception_str, failure.traceback_str)
            known, message = errors.ServiceError, "An unexpected error stopped the operation."
        else:
            message = failure.exception_str
        return {"code": known.code, "message": message, "hint": known.hint, "step": name}
    return {"code": errors.ServiceError.code, "message": "The operation was undone.", "hint": errors.ServiceError.hint, "step": None}
