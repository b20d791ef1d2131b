# SPDX-License-Identifier: Apache-2.0
"""Aggregates: a name and metadata. Which nodes belong to one is said by the nodes' tags alone."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Aggregate

AGGREGATE = Aggregate.__table__.c


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """Insert an aggregate: id, name, metadata. :raises DBDuplicateEntry: the name is taken."""
    conn.execute(sa.insert(Aggregate.__table__).values(created_at=now(), **values))


def get(conn: Connection, aggregate_id: str, *, lock: bool = False) -> rows.Row | None:
    """One aggregate."""
    statement = select(Aggregate.__table__).where(AGGREGATE.id == aggregate_id)
    return rows.one(conn, statement.with_for_update() if lock else statement)


def those(conn: Connection, aggregate_ids: Sequence[str]) -> list[rows.Row]:
    """Aggregates by their ids."""
    return rows.all_of(conn, select(Aggregate.__table__).where(AGGREGATE.id.in_(aggregate_ids))) if aggregate_ids else []


def page(conn: Connection, *, limit: int, marker: str | None) -> list[rows.Row]:
    """Aggregates by id."""
    statement = select(Aggregate.__table__).order_by(AGGREGATE.id).limit(limit)
    return rows.all_of(conn, statement if marker is None else statement.where(AGGREGATE.id > marker))


def set_columns(conn: Connection, aggregate_id: str, **values: Any) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(update(Aggregate.__table__).where(AGGREGATE.id == aggregate_id).values(updated_at=now(), **values))


def forget(conn: Connection, aggregate_id: str) -> None:
    """Delete one."""
    conn.execute(sa.delete(Aggregate.__table__).where(AGGREGATE.id == aggregate_id))
