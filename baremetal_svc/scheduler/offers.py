# SPDX-License-Identifier: Apache-2.0
"""Membership and offers, materialised: recomputed in Python for the nodes whose tags, facts or state changed."""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import Connection

from baremetal_svc.db import node_facts, nodes, pools, reservations
from baremetal_svc.db import offers as rows
from baremetal_svc.domain import facts as domain_facts
from baremetal_svc.domain import scheduling
from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.pool import Expression
from baremetal_svc.domain.setup import Setup

#: Offers are spread over this range, so that claimers that start at random places seldom meet.
RND = 2**30
_RANDOM = random.SystemRandom()


def recompute(conn: Connection, node_ids: Sequence[str], pool_ids: Sequence[str] | None = None) -> int:
    """Bring pool membership and offers of the nodes in line with what is known of them; how many changed pools.

    Writes only differences; the number of statements depends on the pools, not on the nodes.
    A node in use keeps its pools until it is released.

    :param pool_ids: look at these pools only, and of the nodes only at what their expressions name; the nodes' facts are in line already.
    """
    # The rows are locked first, so that a claim of the same moment is either seen here or comes after the new offers.
    nodes.lock(conn, node_ids)
    expressions = pools.expressions(conn, pool_ids)
    members, offered = pools.memberships(conn, node_ids, pool_ids), rows.of(conn, node_ids, pool_ids)
    if pool_ids is None:
        facts = nodes.facts(conn, node_ids)
        node_facts.keep(conn, {node.id: domain_facts.facts(node) for node in facts})
        _note_reserved(conn, facts)
    else:
        facts = nodes.facts(conn, node_ids, frozenset().union(*(e.all | e.any | e.none for e in expressions.values())))
    time = _time(conn, facts)
    known = {node.id: _wanted(node, members[node.id], expressions, time) for node in facts}
    pools.leave(conn, [(pool_id, node_id) for node_id, (wanted, _) in known.items() for pool_id in sorted(members[node_id] - wanted)])
    pools.join(conn, [(pool_id, node_id) for node_id, (wanted, _) in known.items() for pool_id in sorted(wanted - members[node_id])])
    rows.remove(conn, [(node_id, *offer) for node_id, (_, wanted) in known.items() for offer in sorted(offered[node_id] - wanted)])
    rows.add(conn, _new(known, offered))
    return sum(wanted != members[node_id] for node_id, (wanted, _) in known.items())


def _note_reserved(conn: Connection, facts: Sequence[NodeFacts]) -> None:
    """Whether reserved nodes still are what was reserved."""
    reserved = {node.id: node.reservation_id for node in facts if node.reservation_id is not None}
    if not reserved:
        return
    wanted = reservations.wanted_of(conn, set(reserved.values()))
    fitting = {}
    for node in facts:
        if node.id in reserved:
            asked = wanted[reserved[node.id]]
            conditions = Setup.of(asked["setup"]).conditions
            known = domain_facts.facts(node)
            fitting[node.id] = node.tags.issuperset(asked["tags"]) and all(condition.holds(known) for condition in conditions)
    reservations.note_fit(conn, fitting)


def _new(
    known: Mapping[str, tuple[set[str], set[tuple[str, str]]]], offered: Mapping[str, set[tuple[str, str]]]
) -> Iterator[tuple[str, str, str, int]]:
    for node_id, (_, wanted) in known.items():
        rnd = _RANDOM.randrange(RND)
        for pool_id, resource_class in sorted(wanted - offered[node_id]):
            yield node_id, pool_id, resource_class, rnd


def moving(conn: Connection, tags: Mapping[str, frozenset[str]]) -> int:
    """How many nodes recompute would let change pools if they had these tags (by node id); changes nothing."""
    expressions, members = pools.expressions(conn), pools.memberships(conn, list(tags))
    found = (replace(node, tags=tags[node.id]) for node in nodes.facts(conn, list(tags)))
    return sum(_pools(node, members[node.id], expressions) != members[node.id] for node in found)


def disagreeing(conn: Connection, node_ids: Sequence[str]) -> list[str]:
    """Those of the nodes whose membership, offers or facts recompute would change, in six queries; changes nothing.

    A node whose quarantine is noted is left out: the inventory ends it at its next listing. So are pools that are being rebuilt, and
    facts of nodes that have none: an online migration writes those.
    """
    expressions = pools.rebuilt(conn)
    members, offered = pools.memberships(conn, node_ids), rows.of(conn, node_ids)
    terms = node_facts.of(conn, node_ids)
    found = []
    for node in nodes.facts(conn, node_ids):
        known = members[node.id] & set(expressions), {offer for offer in offered[node.id] if offer[0] in expressions}
        stale = bool(terms[node.id]) and terms[node.id] != domain_facts.facts(node)
        if stale or (not node.hold_until and _wanted(node, known[0], expressions, 0.0) != known):
            found.append(node.id)
    return found


def _time(conn: Connection, facts: Sequence[NodeFacts]) -> float:
    """Now, by the database's clock; asked only where a node's offers depend on it."""
    return nodes.database_time(conn) if any(node.hold_until for node in facts) else 0.0


def _pools(node: NodeFacts, members: set[str], expressions: Mapping[str, Expression]) -> set[str]:
    """Ids of the pools that the node belongs to."""
    terms = domain_facts.terms(node)
    return members if node.held else {pool_id for pool_id, e in expressions.items() if e.holds(terms)}


def _wanted(
    node: NodeFacts, members: set[str], expressions: Mapping[str, Expression], time: float
) -> tuple[set[str], set[tuple[str, str]]]:
    """Ids of the pools that the node belongs to, and its offers: (pool id, resource class)."""
    wanted = _pools(node, members, expressions)
    offered = wanted if scheduling.can_be_claimed(node, time) else set()
    return wanted, {(pool_id, node.resource_class or "") for pool_id in offered}
