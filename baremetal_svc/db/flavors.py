# SPDX-License-Identifier: Apache-2.0
"""Flavors, and the projects that may use those that are not public."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import pools, quotas, rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Flavor, FlavorProject
from baremetal_svc.domain import quota

FLAVOR = Flavor.__table__.c
ACCESS = FlavorProject.__table__.c

#: Stands in the rows of adopted servers, made by a migration; nobody is shown it.
ADOPTED_ID = "00000000-0000-4000-8000-0000000000ad"
_ONE = select(Flavor.__table__).where(FLAVOR.id == sa.bindparam("flavor_id"), FLAVOR.id != ADOPTED_ID)


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(sa.insert(Flavor.__table__).values(created_at=now(), **values))


def get(conn: Connection, flavor_id: str, *, lock: bool = False) -> rows.Row | None:
    """One flavor."""
    return rows.one(conn, _ONE.with_for_update() if lock else _ONE, flavor_id=flavor_id)


def usable(conn: Connection, flavor: rows.Row, project_id: str | None) -> bool:
    """Whether the project may know of the flavor: it is public, or the project was given access."""
    return bool(flavor["is_public"]) or project_id in projects_of(conn, flavor["id"])


def page(conn: Connection, *, usable_by: str | None, limit: int, marker: str | None) -> list[rows.Row]:
    """Flavors by id; usable_by leaves out what that project may not create servers of."""
    statement = select(Flavor.__table__).where(FLAVOR.id != ADOPTED_ID).order_by(FLAVOR.id).limit(limit)
    if usable_by is not None:
        statement = statement.where(*_usable_by(usable_by))
    return rows.all_of(conn, statement if marker is None else statement.where(FLAVOR.id > marker))


def instead_of(conn: Connection, flavor_id: str, resource_class: str, *, usable_by: str, limit: int) -> list[rows.Row]:
    """Other flavors that the project may create servers of: those of the resource class first, then by name."""
    other_class = sa.case((FLAVOR.resource_class == resource_class, 0), else_=1)
    statement = select(Flavor.__table__).where(FLAVOR.id.not_in([flavor_id, ADOPTED_ID]), *_usable_by(usable_by))
    return rows.all_of(conn, statement.order_by(other_class, FLAVOR.name).limit(limit))


def _usable_by(project_id: str) -> list[sa.ColumnElement[bool]]:
    given = select(ACCESS.flavor_id).where(ACCESS.project_id == project_id)
    return [FLAVOR.disabled.is_(sa.false()), sa.or_(FLAVOR.is_public.is_(sa.true()), FLAVOR.id.in_(given))]


def keep(conn: Connection, flavor_id: str) -> rows.Row | None:
    """One flavor, which is not deleted before this transaction ends; others that use it do not wait, as with a foreign key."""
    return rows.one(conn, select(Flavor.__table__).where(FLAVOR.id == flavor_id).with_for_update(read=True))


def set_columns(conn: Connection, flavor_id: str, **values: Any) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(update(Flavor.__table__).where(FLAVOR.id == flavor_id).values(updated_at=now(), **values))


def forget(conn: Connection, flavor_id: str) -> None:
    """Delete a flavor, who has access to it and the limits of it. :raises DBReferenceError: a server has it."""
    conn.execute(sa.delete(FlavorProject.__table__).where(ACCESS.flavor_id == flavor_id))
    quotas.forget(conn, quota.of_flavor(flavor_id))
    conn.execute(sa.delete(Flavor.__table__).where(FLAVOR.id == flavor_id))


def drawing_on(conn: Connection, pool_id: str, limit: int) -> list[str]:
    """Names of at most so many flavors that name the pool."""
    return list(conn.execute(select(FLAVOR.name).where(_names(pool_id)).order_by(FLAVOR.name).limit(limit)).scalars())


def out_of(conn: Connection, pool_id: str, *, usable_by: str | None, limit: int) -> list[rows.Row]:
    """At most so many flavors that draw on the pool, by name, those that name none for the default pool; usable_by as for page()."""
    drawing = sa.or_(_names(pool_id), sa.cast(FLAVOR.pools, sa.Text) == "[]") if pool_id == pools.DEFAULT_ID else _names(pool_id)
    statement = select(Flavor.__table__).where(FLAVOR.id != ADOPTED_ID, drawing).order_by(FLAVOR.name).limit(limit)
    return rows.all_of(conn, statement if usable_by is None else statement.where(*_usable_by(usable_by)))


def _names(pool_id: str) -> sa.ColumnElement[bool]:
    # The list is JSON, which each database asks for in its own way: an id is found in its text by all of them.
    return sa.cast(FLAVOR.pools, sa.Text).contains(f'"{pool_id}"')


def projects_of(conn: Connection, flavor_id: str) -> list[str]:
    """Ids of the projects that were given access, in order."""
    statement = select(ACCESS.project_id).where(ACCESS.flavor_id == flavor_id).order_by(ACCESS.project_id)
    return list(conn.execute(statement).scalars())


def give(conn: Connection, flavor_id: str, project_id: str) -> None:
    """:raises DBDuplicateEntry: the project has access."""
    conn.execute(sa.insert(FlavorProject.__table__).values(flavor_id=flavor_id, project_id=project_id))


def take_away(conn: Connection, flavor_id: str, project_id: str) -> bool:
    """False when the project had no access."""
    gone = sa.delete(FlavorProject.__table__).where(ACCESS.flavor_id == flavor_id, ACCESS.project_id == project_id)
    return conn.execute(gone).rowcount > 0
