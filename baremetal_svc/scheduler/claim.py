# SPDX-License-Identifier: Apache-2.0
"""The claim of a node: one transaction over materialised offers."""

import random
from collections.abc import Sequence

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection, select

from baremetal_svc import metrics
from baremetal_svc.db import claims, groups, nodes
from baremetal_svc.db.claims import Wanted
from baremetal_svc.db.models import Node, PoolMember
from baremetal_svc.domain import scheduling
from baremetal_svc.domain.errors import NoValidNode
from baremetal_svc.scheduler.offers import RND

WINDOW = 16
_RANDOM = random.SystemRandom()


def claim_node(
    conn: Connection,
    claim_id: str,
    *,
    server_id: str,
    project_id: str,
    pool_ids: Sequence[str],
    resource_class: str,
    tags: Sequence[str],
    excluded: Sequence[str],
    generation: int,
    skips_locked: bool,
) -> str:
    """Claim a node for a server out of the pools in order of preference; its id. Looks once more without skipping locked rows.

    :param tags: tags that the node must carry.
    :raises NoValidNode: says to a tenant no more than that; explanation() has the table for operators.
    """
    wanted = _wanted(conn, server_id, tags, excluded)
    for skip in (True, False) if skips_locked else (False,):
        for pool_id in pool_ids:
            start = _RANDOM.randrange(RND)
            for node_id in claims.candidates(conn, pool_id, resource_class, start, wanted=wanted, limit=WINDOW, skip_locked=skip):
                if _take(conn, claim_id, node_id, server_id, project_id, generation):
                    metrics.CLAIMS.labels("taken").inc()
                    return node_id
    metrics.CLAIMS.labels("none").inc()
    raise NoValidNode("No machine of this flavor is free now.")


def _wanted(conn: Connection, server_id: str, tags: Sequence[str], excluded: Sequence[str]) -> Wanted:
    # Before the look at the other members' machines: from here until the end of the transaction no other member claims.
    rule = groups.queue_up(conn, server_id)
    if rule is None:
        return Wanted(excluded, tags)
    within, outside = scheduling.spread(rule, groups.domains_held(conn, server_id))
    return Wanted(excluded, tags, within, outside)


def _take(conn: Connection, claim_id: str, node_id: str, server_id: str, project_id: str, generation: int) -> bool:
    if not claims.take_offers(conn, node_id):
        return False
    try:
        with conn.begin_nested():
            claims.insert(conn, claim_id, node_id=node_id, server_id=server_id, project_id=project_id, generation=generation)
    except DBDuplicateEntry:
        # A stale offer of a node that is held: the unique column is the last guard, and the offer is gone now.
        return False
    return True


def explanation(
    conn: Connection, *, server_id: str, pool_ids: Sequence[str], resource_class: str, tags: Sequence[str], excluded: Sequence[str]
) -> str:
    """Each predicate in order with the nodes that it left, for operators: it tells how large and how busy the pools are."""
    member = PoolMember.__table__.c
    of_class = select(Node.id).join(PoolMember.__table__, member.node_id == Node.id).where(member.pool_id.in_(pool_ids))
    of_class = of_class.where(Node.resource_class == resource_class)
    ids = set(conn.execute(of_class).scalars())
    wanted = _wanted(conn, server_id, tags, excluded)
    fitting = set(conn.execute(of_class.where(*wanted.conditions(Node.__table__.c.id))).scalars())
    table = scheduling.explain(nodes.facts(conn, ids), nodes.database_time(conn), fitting=fitting)
    return scheduling.sentence(table)
