# SPDX-License-Identifier: Apache-2.0
"""The use cases of operations: list, show, wait for the next step, cancel."""

import threading
import time
from dataclasses import dataclass

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import faults, operations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, existing
from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.operation import FINAL
from baremetal_svc.domain.server import check_unlocked

#: Seconds between two looks of a long poll; each look is one statement by primary key.
LOOK = 0.25


def page(call: Call, limit: int) -> list[Row]:
    """Operations, newest first. :raises NotFound: the marker."""

    def work(conn: Connection) -> list[Row]:
        marker = _visible(conn, call, call.query["marker"]) if "marker" in call.query else None
        return operations.page(
            conn,
            project_id=call.visible_project,
            target_id=call.query.get("server_uuid"),
            state=call.query.get("state"),
            limit=limit,
            marker=marker,
        )

    return call.services.db.query(work)


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation, its steps, what operators are told of it, and the seconds that each step took in the past."""

    row: Row
    steps: list[Row]
    faults: list[Row]
    estimates: dict[str, float]


def show(call: Call, operation_id: str) -> Shown:
    """An operation with all that is shown of it.

    With ``wait`` not before its seq is above ``after``, it has ended, or the seconds have passed.

    :raises NotFound: unknown or foreign.
    """
    wait = min(call.query.get("wait", 0), call.services.conf.api.max_wait)
    row = call.services.db.query(lambda conn: _visible(conn, call, operation_id))
    # Without a free place it is answered as it is: the caller asks again, and others are served meanwhile.
    if wait and call.services.polls.acquire(blocking=False):
        try:
            row = _awaited(call, row, time.monotonic() + wait)
        finally:
            call.services.polls.release()
    return call.services.db.query(lambda conn: _shown(conn, row))


def _shown(conn: Connection, row: Row) -> Shown:
    # What has ended needs no estimate.
    estimates = {} if row["state"] in FINAL else operations.estimates(conn, row)
    return Shown(row, operations.steps_of(conn, row["id"]), faults.open_of(conn, row["id"]), estimates)


def _awaited(call: Call, row: Row, until: float) -> Row:
    """The operation once its seq is above "after", it has ended, or the time has come."""
    operation_id, after, pause = row["id"], call.query.get("after", row["seq"]), threading.Event()
    while row["seq"] <= after and row["state"] not in FINAL and time.monotonic() < until:
        pause.wait(LOOK)
        row = call.services.db.query(lambda conn: _visible(conn, call, operation_id))
    return row


def cancel(call: Call, operation_id: str) -> Shown:
    """Ask an operation to stop; again is a no-op. The operation as it is then.

    :raises NotFound: unknown or foreign. :raises Conflict: it has ended, only goes forward, or its server is locked.
    """

    def work(conn: Connection) -> Shown:
        row = _visible(conn, call, operation_id)
        if row["state"] in FINAL:
            raise Conflict(f"Operation {operation_id} has ended: it is {row['state']}.", hint="There is nothing left to cancel.")
        if not LIFECYCLE[row["kind"]].cancellable:
            raise Conflict(f"{row['kind']} only goes forward.", hint="Wait until it ends.")
        server = servers.get(conn, row["target_id"])
        if server is not None:
            check_unlocked(server, is_operator=call.context.is_operator)
        operations.request_cancel(conn, operation_id)
        return _shown(conn, existing(operations.get(conn, operation_id), "operation", operation_id))

    found = call.services.db.transact(work)
    call.services.wake(operation_id)
    return found


def _visible(conn: Connection, call: Call, operation_id: str) -> Row:
    row = existing(operations.get(conn, operation_id), "operation", operation_id)
    if call.visible_project is not None and row["project_id"] != call.visible_project:
        return existing(None, "operation", operation_id)
    return row
