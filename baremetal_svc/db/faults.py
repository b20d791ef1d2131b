# SPDX-License-Identifier: Apache-2.0
"""Faults of servers and nodes, open until cleared."""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Fault, Operation

FAULT = Fault.__table__.c


def record(conn: Connection, *, kind: str, target_id: str, operation_id: str | None, code: str, message: str) -> None:
    """Note a fault once for each target, operation and code: again is a no-op."""
    same = (FAULT.target_id == target_id, FAULT.operation_id == operation_id, FAULT.code == code)
    if conn.execute(select(FAULT.id).where(*same).limit(1)).first() is None:
        conn.execute(
            sa.insert(Fault.__table__).values(
                id=str(uuid.uuid4()),
                target_kind=kind,
                target_id=target_id,
                operation_id=operation_id,
                code=code,
                message=message[:4000],
                created_at=now(),
            )
        )


def standing(conn: Connection, codes: Collection[str]) -> list[rows.Row]:
    """Open faults of no operation with one of the codes."""
    return rows.all_of(conn, select(Fault.__table__).where(FAULT.operation_id.is_(None), FAULT.cleared_at.is_(None), FAULT.code.in_(codes)))


def insert(conn: Connection, found: Sequence[Mapping[str, str]], *, cleared: bool) -> None:
    """Note faults ({"target_kind", "target_id", "code", "message"}) of no operation, whether or not the like were noted before.

    :param cleared: they were mended already, and are noted for the record.
    """
    if found:
        more = {"operation_id": None, "created_at": now(), "cleared_at": now() if cleared else None}
        values = [{"id": str(uuid.uuid4()), **fault, "message": fault["message"][:4000]} for fault in found]
        conn.execute(sa.insert(Fault.__table__).values(more), values)


def close(conn: Connection, fault_ids: Sequence[str]) -> None:
    """Clear these faults."""
    if fault_ids:
        conn.execute(update(Fault.__table__).where(FAULT.id.in_(fault_ids), FAULT.cleared_at.is_(None)).values(cleared_at=now()))


def get(conn: Connection, fault_id: str) -> rows.Row | None:
    """One fault."""
    return rows.one(conn, select(Fault.__table__).where(FAULT.id == fault_id))


def page(conn: Connection, filters: Mapping[str, Any], *, still_open: bool | None, limit: int, marker: rows.Row | None) -> list[rows.Row]:
    """Faults by equality of columns, newest first; ``still_open`` None for open and cleared ones."""
    statement = select(Fault.__table__).where(*(FAULT[name] == value for name, value in filters.items()))
    if still_open is not None:
        statement = statement.where(FAULT.cleared_at.is_(None) if still_open else FAULT.cleared_at.is_not(None))
    if marker is not None:
        here, there = sa.tuple_(FAULT.created_at, FAULT.id), sa.tuple_(sa.literal(marker["created_at"]), sa.literal(marker["id"]))
        statement = statement.where(here < there)
    return rows.all_of(conn, statement.order_by(FAULT.created_at.desc(), FAULT.id.desc()).limit(limit))


def nodes_tried(conn: Connection, operation_id: str) -> list[str]:
    """Nodes that failed under the operation."""
    return list(conn.execute(select(FAULT.target_id).where(FAULT.operation_id == operation_id, FAULT.target_kind == "node")).scalars())


def clear(conn: Connection, target_id: str) -> None:
    """Close the open faults of a target."""
    conn.execute(update(Fault.__table__).where(FAULT.target_id == target_id, FAULT.cleared_at.is_(None)).values(cleared_at=now()))


def clear_server(conn: Connection, server_id: str) -> None:
    """Close the open faults of a server and of its operations, which nobody can mend any more."""
    clear(conn, server_id)
    of_it = select(Operation.id).where(Operation.target_id == server_id)
    these = (FAULT.target_kind == "operation", FAULT.target_id.in_(of_it), FAULT.cleared_at.is_(None))
    conn.execute(update(Fault.__table__).where(*these).values(cleared_at=now()))


def clear_one(conn: Connection, fault_id: str) -> None:
    """Close a fault, if it is open."""
    conn.execute(update(Fault.__table__).where(FAULT.id == fault_id, FAULT.cleared_at.is_(None)).values(cleared_at=now()))


def open_of(conn: Connection, target_id: str) -> list[rows.Row]:
    """Open faults of a target, newest first."""
    statement = select(Fault.__table__).where(FAULT.target_id == target_id, FAULT.cleared_at.is_(None))
    return rows.all_of(conn, statement.order_by(FAULT.created_at.desc()))
