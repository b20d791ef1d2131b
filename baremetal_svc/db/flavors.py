# SPDX-License-Identifier: Apache-2.0
"""Flavors."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Flavor

FLAVOR = Flavor.__table__.c


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(sa.insert(Flavor.__table__).values(created_at=now(), **values))


def get(conn: Connection, flavor_id: str) -> rows.Row | None:
    """One flavor."""
    return rows.one(conn, select(Flavor.__table__).where(FLAVOR.id == flavor_id))


def page(conn: Connection, *, usable_only: bool, limit: int, marker: str | None) -> list[rows.Row]:
    """Flavors by id; usable_only leaves out private and disabled ones."""
    statement = select(Flavor.__table__).order_by(FLAVOR.id).limit(limit)
    if usable_only:
        statement = statement.where(FLAVOR.is_public.is_(sa.true()), FLAVOR.disabled.is_(sa.false()))
    return rows.all_of(conn, statement if marker is None else statement.where(FLAVOR.id > marker))
