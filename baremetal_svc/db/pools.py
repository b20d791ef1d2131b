# SPDX-License-Identifier: Apache-2.0
"""Pools, their materialised members, and the tags that membership comes from."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import NodeTag, Pool, PoolMember
from baremetal_svc.domain.pool import Expression

POOL = Pool.__table__.c
MEMBER = PoolMember.__table__.c
TAG = NodeTag.__table__.c

#: Begins the tags that say in which zone a node is: what tenants name, and what groups keep together or apart.
AVAILABILITY_ZONE, AFFINITY_ZONE = "availability_zone=", "affinity_zone="
#: The pool of every node, made by the first migration, for flavors that name none.
DEFAULT_ID = "00000000-0000-4000-8000-000000000000"


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(sa.insert(Pool.__table__).values(created_at=now(), **values))


def get(conn: Connection, pool_id: str) -> rows.Row | None:
    """One pool."""
    return rows.one(conn, select(Pool.__table__).where(POOL.id == pool_id))


def page(conn: Connection, *, limit: int, marker: str | None) -> list[rows.Row]:
    """Pools by id."""
    statement = select(Pool.__table__).order_by(POOL.id).limit(limit)
    return rows.all_of(conn, statement if marker is None else statement.where(POOL.id > marker))


def existing(conn: Connection, pool_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are pools."""
    return set(conn.execute(select(POOL.id).where(POOL.id.in_(pool_ids))).scalars())


def member_counts(conn: Connection, pool_ids: Sequence[str]) -> dict[str, int]:
    """Members by pool id, in one query."""
    statement = select(MEMBER.pool_id, sa.func.count()).where(MEMBER.pool_id.in_(pool_ids)).group_by(MEMBER.pool_id)
    return dict(conn.execute(statement).tuples().all())


def expressions(conn: Connection) -> dict[str, Expression]:
    """Every pool's expression by id. Pools are few: operators name them by hand."""
    found = rows.all_of(conn, select(Pool.__table__))
    return {p["id"]: Expression.of(all=p["all_of"], any=p["any_of"], none=p["none_of"]) for p in found}


def tags_of(conn: Connection, node_ids: Sequence[str]) -> dict[str, frozenset[str]]:
    """Tags by node id, in one query."""
    found: dict[str, set[str]] = {node_id: set() for node_id in node_ids}
    for tag, node_id in conn.execute(select(TAG.tag, TAG.node_id).where(TAG.node_id.in_(node_ids))):
        found[node_id].add(tag)
    return {node_id: frozenset(tags) for node_id, tags in found.items()}


def values_of(conn: Connection, prefix: str) -> list[str]:
    """What follows the prefix in the tags that begin with it, each once: the values of a key "key="."""
    found = conn.execute(select(TAG.tag).distinct().where(TAG.tag.startswith(prefix, autoescape=True)))
    return sorted(tag.removeprefix(prefix) for tag in found.scalars())


def memberships(conn: Connection, node_ids: Sequence[str]) -> dict[str, set[str]]:
    """Ids of the pools that each node is a member of."""
    found: dict[str, set[str]] = {node_id: set() for node_id in node_ids}
    for pool_id, node_id in conn.execute(select(MEMBER.pool_id, MEMBER.node_id).where(MEMBER.node_id.in_(node_ids))):
        found[node_id].add(pool_id)
    return found


def join(conn: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Make nodes members: (pool id, node id)."""
    if pairs:
        conn.execute(sa.insert(PoolMember.__table__), [{"pool_id": pool_id, "node_id": node_id} for pool_id, node_id in pairs])


def leave(conn: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Make nodes members no longer: (pool id, node id); a statement for each pool."""
    gone: dict[str, list[str]] = defaultdict(list)
    for pool_id, node_id in pairs:
        gone[pool_id].append(node_id)
    for pool_id, node_ids in sorted(gone.items()):
        conn.execute(sa.delete(PoolMember.__table__).where(MEMBER.pool_id == pool_id, MEMBER.node_id.in_(node_ids)))
