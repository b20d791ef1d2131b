# SPDX-License-Identifier: Apache-2.0
"""Limits that operators set, the lock under which they are checked, and usage: rows are counted, so that no counter can be wrong."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select
from sqlalchemy.dialects import mysql, postgresql, sqlite

from baremetal_svc.db.models import Claim, KeyPair, Operation, Quota, QuotaLock, Reservation, ReservedNode, Server, ServerGroup
from baremetal_svc.domain import quota

QUOTA = Quota.__table__.c
LOCK = QuotaLock.__table__.c
SERVER, OP, CLAIM = Server.__table__.c, Operation.__table__.c, Claim.__table__.c
_LIMITS = select(QUOTA.resource, QUOTA.hard_limit).where(QUOTA.project_id == sa.bindparam("project_id")).order_by(QUOTA.resource)
RESERVATION, RESERVED = Reservation.__table__.c, ReservedNode.__table__.c


def limits_of(conn: Connection, project_id: str) -> dict[str, int]:
    """The limits that were set for a project, by resource."""
    return dict(conn.execute(_LIMITS, {"project_id": project_id}).tuples().all())


def replace(conn: Connection, project_id: str, limits: Mapping[str, int]) -> None:
    """Set these limits of a project and no others."""
    conn.execute(sa.delete(Quota.__table__).where(QUOTA.project_id == project_id))
    values = [{"project_id": project_id, "resource": resource, "hard_limit": limit} for resource, limit in limits.items()]
    if values:
        conn.execute(sa.insert(Quota.__table__), values)


def forget(conn: Connection, resource: str) -> None:
    """Delete the limits of a flavor or pool that goes."""
    conn.execute(sa.delete(Quota.__table__).where(QUOTA.resource == resource))


def queue_up(conn: Connection, scope: str) -> None:
    """Hold the scope ("project:ID", "user:ID") until this transaction ends: what is counted from now on changes only by us."""
    values = {"scope": scope, "version": 1}
    # One statement that inserts or updates takes the one lock at once; a SELECT, then an INSERT would leave two to wait for each other.
    if conn.dialect.name == "mysql":
        conn.execute(mysql.insert(QuotaLock.__table__).values(values).on_duplicate_key_update(version=LOCK.version + 1))
        return
    insert: Any = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
    raised = {"version": LOCK.version + 1}
    conn.execute(insert(QuotaLock.__table__).values(values).on_conflict_do_update(index_elements=["scope"], set_=raised))


def usage_of(conn: Connection, resource: str, project_id: str, user_id: str) -> int:
    """How many there are: key pairs of the user, anything else of the project. Servers count in every status, until their row is gone."""
    pool_id, flavor_id = quota.pool_of(resource), quota.flavor_of(resource)
    if pool_id is not None:
        return out_of_pools(conn, [pool_id], project_id)[pool_id]
    if resource == quota.RESERVED_NODES:
        # As many as were promised, also while some are lost.
        promised = select(sa.func.coalesce(sa.func.sum(RESERVATION.count), 0))
        return int(conn.execute(promised.where(RESERVATION.project_id == project_id, RESERVATION.ended_at.is_(None))).scalar_one())
    conditions: Mapping[str, Any] = {
        quota.SERVERS: (SERVER.project_id == project_id,),
        quota.SERVER_GROUPS: (ServerGroup.__table__.c.project_id == project_id,),
        quota.KEYPAIRS: (KeyPair.__table__.c.user_id == user_id,),
    }
    where = conditions[resource] if flavor_id is None else (SERVER.project_id == project_id, SERVER.flavor_id == flavor_id)
    return int(conn.execute(select(sa.func.count()).where(*where)).scalar_one())


def out_of_pools(conn: Connection, pool_ids: Sequence[str], project_id: str) -> dict[str, int]:
    """Machines of each pool that a project has, has reserved, or may still get for a create that is under way."""
    mine: dict[str, set[str]] = {pool_id: set() for pool_id in pool_ids}
    if not mine:
        return {}
    claimed = select(CLAIM.pool_id, CLAIM.node_id).where(CLAIM.project_id == project_id, CLAIM.state == "live", CLAIM.pool_id.in_(pool_ids))
    reserved = select(RESERVED.pool_id, RESERVED.node_id).join(Reservation.__table__, RESERVATION.id == RESERVED.reservation_id)
    for statement in (claimed, reserved.where(RESERVATION.project_id == project_id, RESERVED.pool_id.in_(pool_ids))):
        for pool_id, node_id in conn.execute(statement):
            mine[pool_id].add(node_id)
    waiting = [set(arguments["pool_ids"]) for arguments in conn.execute(_UNDER_WAY, {"project": project_id}).scalars()]
    return {pool_id: len(nodes) + sum(pool_id in some for some in waiting) for pool_id, nodes in mine.items()}


_HAS_NODE = sa.exists().where(CLAIM.live_server == SERVER.id)
_UNDER_WAY = (
    select(OP.arguments)
    .join(Server.__table__, SERVER.id == OP.live_server)
    .where(SERVER.project_id == sa.bindparam("project"), OP.kind == "servers.create", sa.not_(_HAS_NODE))
)


def servers_by_flavor(conn: Connection, project_id: str) -> dict[str, int]:
    """Servers of a project by flavor id."""
    counted = select(SERVER.flavor_id, sa.func.count()).where(SERVER.project_id == project_id).group_by(SERVER.flavor_id)
    return dict(conn.execute(counted).tuples().all())


def flavors_used(conn: Connection, project_id: str) -> list[str]:
    """Ids of the flavors of a project's servers."""
    return list(
        conn.execute(select(SERVER.flavor_id).distinct().where(SERVER.project_id == project_id).order_by(SERVER.flavor_id)).scalars()
    )
