# SPDX-License-Identifier: Apache-2.0
"""Key pairs: public halves, one of a name for each user."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import KeyPair

PAIR = KeyPair.__table__.c


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """:raises DBDuplicateEntry: the user has a pair of that name."""
    conn.execute(sa.insert(KeyPair.__table__).values(created_at=now(), **values))


def get(conn: Connection, user_id: str, name: str) -> rows.Row | None:
    """One key pair."""
    return rows.one(conn, select(KeyPair.__table__).where(PAIR.user_id == user_id, PAIR.name == name))


def by_id(conn: Connection, pair_id: str, user_id: str) -> rows.Row | None:
    """The same by our own id."""
    return rows.one(conn, select(KeyPair.__table__).where(PAIR.id == pair_id, PAIR.user_id == user_id))


def page(conn: Connection, user_id: str, *, limit: int, marker: str | None) -> list[rows.Row]:
    """Key pairs of a user by name."""
    statement = select(KeyPair.__table__).where(PAIR.user_id == user_id).order_by(PAIR.name).limit(limit)
    return rows.all_of(conn, statement if marker is None else statement.where(PAIR.name > marker))


def forget(conn: Connection, user_id: str, name: str) -> None:
    """Delete a key pair."""
    conn.execute(sa.delete(KeyPair.__table__).where(PAIR.user_id == user_id, PAIR.name == name))
