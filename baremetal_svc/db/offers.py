# SPDX-License-Identifier: Apache-2.0
"""Offers as rows: which nodes can be claimed now, out of which pools. What they should be is computed by the scheduler."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.models import Offer, PoolMember

OFFER = Offer.__table__.c
MEMBER = PoolMember.__table__.c
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)
_MEMBERS = select(MEMBER.node_id, MEMBER.pool_id, sa.null()).where(MEMBER.node_id.in_(_IDS))
_OFFERS = select(OFFER.node_id, OFFER.pool_id, OFFER.resource_class).where(OFFER.node_id.in_(_IDS))
_STANDING = sa.union_all(_MEMBERS, _OFFERS)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a node stands: ids of the pools that it is a member of, and its offers: (pool id, resource class)."""

    members: set[str] = field(default_factory=set)
    offers: set[tuple[str, str]] = field(default_factory=set)


def standing(conn: Connection, node_ids: Sequence[str], pool_ids: Sequence[str] | None = None) -> dict[str, Standing]:
    """Of each node, in these pools only unless that is None; in one query."""
    found = {node_id: Standing() for node_id in node_ids}
    statement = _STANDING
    if pool_ids is not None:
        statement = sa.union_all(_MEMBERS.where(MEMBER.pool_id.in_(pool_ids)), _OFFERS.where(OFFER.pool_id.in_(pool_ids)))
    for node_id, pool_id, resource_class in conn.execute(statement, {"ids": list(found)}).all():
        if resource_class is None:
            found[node_id].members.add(pool_id)
        else:
            found[node_id].offers.add((pool_id, resource_class))
    return found


def add(conn: Connection, offers: Iterable[tuple[str, str, str, int]]) -> None:
    """Offer nodes: (node id, pool id, resource class, place in the order of the claim)."""
    values = [{"node_id": n, "pool_id": p, "resource_class": c, "rank": 0, "rnd": rnd} for n, p, c, rnd in offers]
    if values:
        conn.execute(sa.insert(Offer.__table__), values)


def remove(conn: Connection, offers: Iterable[tuple[str, str, str]]) -> None:
    """Offer nodes no longer: (node id, pool id, resource class)."""
    gone: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for node_id, pool_id, resource_class in offers:
        gone[resource_class].append((pool_id, node_id))
    for resource_class, pairs in sorted(gone.items()):
        rows.forget_pairs(conn, OFFER.pool_id, OFFER.node_id, pairs, OFFER.resource_class == resource_class)
