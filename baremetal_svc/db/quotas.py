# SPDX-License-Identifier: Apache-2.0
"""Limits that operators set, the lock under which they are checked, and usage: rows are counted, so that no counter can be wrong."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select
from sqlalchemy.dialects import mysql, postgresql, sqlite

from baremetal_svc.db.models import KeyPair, Quota, QuotaLock, Server, ServerGroup
from baremetal_svc.domain import quota

QUOTA = Quota.__table__.c
LOCK = QuotaLock.__table__.c
SERVER = Server.__table__.c


def limits_of(conn: Connection, project_id: str) -> dict[str, int]:
    """The limits that were set for a project, by resource."""
    found = conn.execute(select(QUOTA.resource, QUOTA.hard_limit).where(QUOTA.project_id == project_id).order_by(QUOTA.resource))
    return {row.resource: row.hard_limit for row in found}


def replace(conn: Connection, project_id: str, limits: Mapping[str, int]) -> None:
    """Set these limits of a project and no others."""
    conn.execute(sa.delete(Quota.__table__).where(QUOTA.project_id == project_id))
    values = [{"project_id": project_id, "resource": resource, "hard_limit": limit} for resource, limit in limits.items()]
    if values:
        conn.execute(sa.insert(Quota.__table__), values)


def forget_flavor(conn: Connection, flavor_id: str) -> None:
    """Delete the limits of a flavor that goes."""
    conn.execute(sa.delete(Quota.__table__).where(QUOTA.resource == quota.of_flavor(flavor_id)))


def queue_up(conn: Connection, scope: str) -> None:
    """Hold the scope ("project:ID", "user:ID") until this transaction ends: what is counted from now on changes only by us."""
    values = {"scope": scope, "version": 1}
    # One statement that inserts or updates takes the one lock at once; a SELECT, then an INSERT would leave two to wait for each other.
    if conn.dialect.name in ("mysql", "mariadb"):
        conn.execute(mysql.insert(QuotaLock.__table__).values(values).on_duplicate_key_update(version=LOCK.version + 1))
        return
    insert: Any = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    raised = {"version": LOCK.version + 1}
    conn.execute(insert(QuotaLock.__table__).values(values).on_conflict_do_update(index_elements=["scope"], set_=raised))


def usage_of(conn: Connection, resource: str, project_id: str, user_id: str) -> int:
    """How many there are: key pairs of the user, anything else of the project. Servers count in every status, until their row is gone."""
    flavor_id = quota.flavor_of(resource)
    conditions: Mapping[str, Any] = {
        quota.SERVERS: (SERVER.project_id == project_id,),
        quota.SERVER_GROUPS: (ServerGroup.__table__.c.project_id == project_id,),
        quota.KEYPAIRS: (KeyPair.__table__.c.user_id == user_id,),
    }
    where = conditions[resource] if flavor_id is None else (SERVER.project_id == project_id, SERVER.flavor_id == flavor_id)
    return int(conn.execute(select(sa.func.count()).where(*where)).scalar_one())


def servers_by_flavor(conn: Connection, project_id: str) -> dict[str, int]:
    """Servers of a project by flavor id."""
    counted = select(SERVER.flavor_id, sa.func.count()).where(SERVER.project_id == project_id).group_by(SERVER.flavor_id)
    return dict(conn.execute(counted).tuples().all())


def flavors_used(conn: Connection, project_id: str) -> list[str]:
    """Ids of the flavors of a project's servers."""
    return list(
        conn.execute(select(SERVER.flavor_id).distinct().where(SERVER.project_id == project_id).order_by(SERVER.flavor_id)).scalars()
    )
