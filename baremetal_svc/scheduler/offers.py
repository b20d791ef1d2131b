# SPDX-License-Identifier: Apache-2.0
"""Membership and offers, materialised: recomputed in Python for the nodes whose tags, facts or state changed."""

import random
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, select

from baremetal_svc.db import nodes, pools
from baremetal_svc.db.models import Node
from baremetal_svc.domain import scheduling
from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.pool import Expression

#: Offers are spread over this range, so that claimers that start at random places seldom meet.
RND = 2**30
_RANDOM = random.SystemRandom()


def recompute(conn: Connection, node_ids: Sequence[str]) -> None:
    """Bring pool membership and offers of the nodes in line with what is known of them; writes only differences.

    A node in use keeps its pools until it is released.
    """
    # The rows are locked first, so that a claim of the same moment is either seen here or comes after the new offers.
    conn.execute(select(Node.id).where(Node.id.in_(node_ids)).order_by(Node.id).with_for_update()).all()
    time = nodes.database_time(conn)
    expressions = pools.expressions(conn)
    members = pools.memberships(conn, node_ids)
    offered = nodes.offers_of(conn, node_ids)
    for node in nodes.facts(conn, node_ids):
        wanted, offers = _wanted(node, members[node.id], expressions, time)
        if wanted != members[node.id]:
            nodes.replace_memberships(conn, node.id, wanted)
        if offers != offered[node.id]:
            nodes.replace_offers(conn, node.id, offers, _RANDOM.randrange(RND))


def disagreeing(conn: Connection, node_ids: Sequence[str]) -> list[str]:
    """Those of the nodes whose membership or offers recompute would change, in eight queries; changes nothing.

    A node whose quarantine is noted is left out: the inventory ends it at its next listing.
    """
    time = nodes.database_time(conn)
    expressions, members, offered = pools.expressions(conn), pools.memberships(conn, node_ids), nodes.offers_of(conn, node_ids)
    known = [node for node in nodes.facts(conn, node_ids) if not node.hold_until]
    return [n.id for n in known if _wanted(n, members[n.id], expressions, time) != (members[n.id], offered[n.id])]


def _wanted(
    node: NodeFacts, members: set[str], expressions: Mapping[str, Expression], time: float
) -> tuple[set[str], set[tuple[str, str]]]:
    """Ids of the pools that the node belongs to, and its offers: (pool id, resource class)."""
    wanted = members if node.held else {pool_id for pool_id, e in expressions.items() if e.holds(node.tags)}
    offered = wanted if scheduling.can_be_claimed(node, time) else set()
    return wanted, {(pool_id, node.resource_class or "") for pool_id in offered}


def recompute_all(conn: Connection) -> None:
    """Recompute every node in chunks, after a pool was made or its expression changed."""
    ids = list(conn.execute(select(Node.id).order_by(Node.id)).scalars())
    for start in range(0, len(ids), nodes.CHUNK):
        recompute(conn, ids[start : start + nodes.CHUNK])
