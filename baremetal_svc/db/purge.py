# SPDX-License-Identifier: Apache-2.0
"""Forgets what is long over, in small transactions: operations with their steps, faults, keys, changes of tags, batches, reservations."""

from collections.abc import Callable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select, select

from baremetal_svc.db import operations
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Batch, Fault, IdempotencyKey, NodeTagChange, Operation, Reservation, Server, Step
from baremetal_svc.db.session import Database
from baremetal_svc.domain.operation import FINAL, IN_VAIN

#: Rows of one transaction: the locks of a purge are held for moments.
CHUNK = 200
OP = Operation.__table__.c
FAULT = Fault.__table__.c
KEY = IdempotencyKey.__table__.c
SERVER = Server.__table__.c
BATCH = Batch.__table__.c
RESERVATION = Reservation.__table__.c
TAGGED = NodeTagChange.__table__.c


def purge(db: Database, days: float, *, limit: int | None = None, chunk: int = CHUNK) -> dict[str, int]:
    """Delete what ended more than so many days ago; how many rows of each, by the names in _PARTS.

    :param limit: at most so many of each.
    :raises Unavailable: the database is away; chunks that were done stay done.
    """
    return {name: _in_chunks(db, old(days), delete, limit, chunk) for name, (old, delete) in _PARTS.items()}


def count(db: Database, days: float, *, limit: int | None = None) -> dict[str, int]:
    """What purge would delete.

    :raises Unavailable:
    """

    def counted(conn: Connection, statement: Select[Any]) -> int:
        inner = (statement if limit is None else statement.limit(limit)).subquery()
        return conn.execute(select(sa.func.count()).select_from(inner)).scalar_one()

    return db.query(lambda conn: {name: counted(conn, old(days)) for name, (old, _) in _PARTS.items()})


def _in_chunks(db: Database, old: Select[Any], delete: "Delete", limit: int | None, chunk: int) -> int:
    done = 0
    while limit is None or done < limit:
        size = chunk if limit is None else min(chunk, limit - done)

        def work(conn: Connection, size: int = size) -> int:
            ids = list(conn.execute(old.limit(size)).scalars())
            if ids:
                delete(conn, ids)
            return len(ids)

        found = db.transact(work)
        done += found
        if found < size:
            break
    return done


def _old_operations(days: float) -> Select[Any]:
    """Ended ones, but for those that a living server is explained by: its create, and its last failure, which is its fault."""
    later = Operation.__table__.alias("later")
    newer = sa.exists().where(later.c.target_id == OP.target_id, later.c.state.in_(sorted(IN_VAIN)), later.c.created_at > OP.created_at)
    explains = sa.or_(OP.kind.in_(operations.MAKING), sa.and_(OP.state.in_(sorted(IN_VAIN)), ~newer))
    lives = sa.exists().where(SERVER.id == OP.target_id)
    return select(OP.id).where(OP.state.in_(sorted(FINAL)), OP.ended_at < _ago(days), ~sa.and_(explains, lives))


def _old_faults(days: float) -> Select[Any]:
    """Cleared ones, and open ones of servers that are deleted and of operations that go: nobody clears those."""
    of_none = sa.and_(FAULT.target_kind == "server", ~sa.exists().where(SERVER.id == FAULT.target_id))
    kept = sa.exists().where(OP.id == FAULT.target_id, OP.id.not_in(_old_operations(days)))
    over = sa.or_(of_none, sa.and_(FAULT.target_kind == "operation", ~kept))
    return select(FAULT.id).where(sa.or_(FAULT.cleared_at < _ago(days), sa.and_(FAULT.created_at < _ago(days), over)))


def _old_keys(days: float) -> Select[Any]:
    return select(KEY.id).where(KEY.created_at < _ago(days))


def _old_tag_changes(days: float) -> Select[Any]:
    return select(TAGGED.id).where(TAGGED.made_at < _ago(days))


def _old_batches(days: float) -> Select[Any]:
    """Those of whose servers none is left."""
    return select(BATCH.id).where(BATCH.created_at < _ago(days), ~sa.exists().where(SERVER.batch_id == BATCH.id))


def _old_reservations(days: float) -> Select[Any]:
    return select(RESERVATION.id).where(RESERVATION.ended_at < _ago(days))


def _ago(days: float) -> sa.ColumnElement[float]:
    return now() - days * 86400


def _delete_operations(conn: Connection, ids: list[str]) -> None:
    conn.execute(sa.delete(Step.__table__).where(Step.__table__.c.operation_id.in_(ids)))
    conn.execute(sa.delete(Operation.__table__).where(OP.id.in_(ids)))


def _delete_faults(conn: Connection, ids: list[str]) -> None:
    conn.execute(sa.delete(Fault.__table__).where(FAULT.id.in_(ids)))


def _delete_keys(conn: Connection, ids: list[str]) -> None:
    conn.execute(sa.delete(IdempotencyKey.__table__).where(KEY.id.in_(ids)))


def _delete_tag_changes(conn: Connection, ids: list[str]) -> None:
    conn.execute(sa.delete(NodeTagChange.__table__).where(TAGGED.id.in_(ids)))


def _delete_batches(conn: Connection, ids: list[str]) -> None:
    conn.execute(sa.delete(Batch.__table__).where(BATCH.id.in_(ids)))


def _delete_reservations(conn: Connection, ids: list[str]) -> None:
    conn.execute(sa.delete(Reservation.__table__).where(RESERVATION.id.in_(ids)))


Delete = Callable[[Connection, list[str]], None]
_PARTS: Mapping[str, tuple[Callable[[float], Select[Any]], Delete]] = {
    "operations": (_old_operations, _delete_operations),
    "faults": (_old_faults, _delete_faults),
    "idempotency_keys": (_old_keys, _delete_keys),
    "tag_changes": (_old_tag_changes, _delete_tag_changes),
    "reservations": (_old_reservations, _delete_reservations),
    "batches": (_old_batches, _delete_batches),
}
