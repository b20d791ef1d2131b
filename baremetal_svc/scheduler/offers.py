# SPDX-License-Identifier: Apache-2.0
"""Membership and offers, materialised: recomputed in Python for the nodes whose tags, facts or state changed."""

import random
from collections.abc import Sequence

from sqlalchemy import Connection, select

from baremetal_svc.db import nodes, pools
from baremetal_svc.db.models import Node
from baremetal_svc.domain import scheduling

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
    offered = nodes.offered(conn, node_ids)
    for node in nodes.facts(conn, node_ids):
        wanted = members[node.id] if node.held else {pool_id for pool_id, e in expressions.items() if e.holds(node.tags)}
        if wanted != members[node.id]:
            nodes.replace_memberships(conn, node.id, wanted)
        in_pools = wanted if scheduling.can_be_claimed(node, time) else set()
        if in_pools != offered[node.id]:
            nodes.replace_offers(conn, node.id, in_pools, node.resource_class or "", _RANDOM.randrange(RND))


def recompute_all(conn: Connection) -> None:
    """Recompute every node in chunks, after a pool was made or its expression changed."""
    ids = list(conn.execute(select(Node.id).order_by(Node.id)).scalars())
    for start in range(0, len(ids), nodes.CHUNK):
        recompute(conn, ids[start : start + nodes.CHUNK])
