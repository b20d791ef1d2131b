# SPDX-License-Identifier: Apache-2.0
"""Membership and offers, materialised: recomputed in Python for the nodes whose tags, facts or state changed."""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy import Connection

from baremetal_svc.db import node_facts, nodes, pools, reservations, standing
from baremetal_svc.db import offers as rows
from baremetal_svc.db.node_tags import Tags
from baremetal_svc.db.standing import Seen, Standing
from baremetal_svc.domain import facts as domain_facts
from baremetal_svc.domain import scheduling
from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.pool import Expression
from baremetal_svc.domain.setup import Setup

T = TypeVar("T", str, tuple[str, str])
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
    locked = nodes.known(conn, node_ids, lock=True)
    expressions = pools.expressions(conn, pool_ids)
    named = None if pool_ids is None else frozenset().union(*(e.all | e.any | e.none for e in expressions.values()))
    seen = standing.of(conn, locked, named, pool_ids)
    if pool_ids is None:
        node_facts.keep(conn, {node_id: domain_facts.facts(node) for node_id, node in seen.facts.items()})
        _note_reserved(conn, seen.facts.values())
    return _bring_in_line(conn, seen, expressions)


def seen(conn: Connection, node_ids: Sequence[str], *, lock: bool = False) -> Seen:
    """What ``retag`` has to know of nodes. :param lock: lock their rows until this transaction ends."""
    return standing.of(conn, nodes.known(conn, node_ids, lock=lock))


def retag(conn: Connection, before: Seen, tags: Tags) -> int:
    """Recompute nodes that this transaction has locked, and of which only the tags changed since, to these by node id.

    :returns: how many changed pools.
    """
    after = _tagged(before, tags)
    _note_reserved(conn, after.facts.values())
    return _bring_in_line(conn, after, _concerned(conn, before, tags))


def _tagged(seen: Seen, tags: Tags) -> Seen:
    """The nodes of ``tags`` as they are with those."""
    return Seen({node_id: replace(seen.facts[node_id], tags=new) for node_id, new in tags.items()}, {n: seen.standing[n] for n in tags})


def _concerned(conn: Connection, seen: Seen, tags: Tags) -> dict[str, Expression]:
    """The pools that may gain or lose nodes whose tags become these."""
    return pools.naming(conn, frozenset().union(*(new ^ seen.facts[node_id].tags for node_id, new in tags.items())))


def _bring_in_line(conn: Connection, seen: Seen, expressions: Mapping[str, Expression]) -> int:
    time = _time(conn, seen.facts.values())
    wanted = {node_id: _wanted(node, seen.standing[node_id].members, expressions, time) for node_id, node in seen.facts.items()}
    return _write(conn, seen.standing, wanted)


def _write(conn: Connection, stood: Mapping[str, Standing], wanted: Mapping[str, Standing]) -> int:
    """Bring rows from how nodes stood to how they shall stand; how many of the nodes changed pools."""
    left, joined = _changes(wanted, stood, lambda one: one.members), _changes(stood, wanted, lambda one: one.members)
    pools.leave(conn, [(pool_id, node_id) for node_id, pool_id in left])
    pools.join(conn, [(pool_id, node_id) for node_id, pool_id in joined])
    rows.remove(conn, [(node_id, *offer) for node_id, offer in _changes(wanted, stood, lambda one: one.offers)])
    place = {node_id: _RANDOM.randrange(RND) for node_id in wanted}
    rows.add(conn, [(node_id, *offer, place[node_id]) for node_id, offer in _changes(stood, wanted, lambda one: one.offers)])
    return len({node_id for node_id, _ in [*left, *joined]})


def _changes(these: Mapping[str, Standing], others: Mapping[str, Standing], what: Callable[[Standing], set[T]]) -> list[tuple[str, T]]:
    """(node id, what) that the others have and these do not, in order."""
    return [(node_id, one) for node_id in these if node_id in others for one in sorted(what(others[node_id]) - what(these[node_id]))]


def _note_reserved(conn: Connection, facts: Collection[NodeFacts]) -> None:
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


def moving(conn: Connection, seen: Seen, tags: Tags) -> int:
    """How many nodes retag would let change pools if they had these tags (by node id); changes nothing."""
    expressions, after = _concerned(conn, seen, tags), _tagged(seen, tags)
    members = {node_id: one.members for node_id, one in after.standing.items()}
    return sum(_pools(node, members[node_id], expressions) != members[node_id] for node_id, node in after.facts.items())


def disagreeing(conn: Connection, node_ids: Sequence[str]) -> list[str]:
    """Those of the nodes whose membership, offers or facts recompute would change, in four queries; changes nothing.

    A node whose quarantine is noted is left out: the inventory ends it at its next listing. So are pools that are being rebuilt, and
    facts of nodes that have none: an online migration writes those.
    """
    expressions, seen = pools.rebuilt(conn), standing.of(conn, nodes.known(conn, node_ids))
    terms = node_facts.of(conn, node_ids)
    found = []
    for node in seen.facts.values():
        known = seen.standing[node.id]
        known = Standing(known.members & set(expressions), {offer for offer in known.offers if offer[0] in expressions})
        stale = bool(terms[node.id]) and terms[node.id] != domain_facts.facts(node)
        if stale or (not node.hold_until and _wanted(node, known.members, expressions, 0.0) != known):
            found.append(node.id)
    return found


def _time(conn: Connection, facts: Collection[NodeFacts]) -> float:
    """Now, by the database's clock; asked only where a node's offers depend on it."""
    return nodes.database_time(conn) if any(node.hold_until for node in facts) else 0.0


def _pools(node: NodeFacts, members: set[str], expressions: Mapping[str, Expression]) -> set[str]:
    """Ids of the pools that the node belongs to; in what is none of these it stays."""
    if node.held:
        return members
    terms = domain_facts.terms(node)
    return members - expressions.keys() | {pool_id for pool_id, e in expressions.items() if e.holds(terms)}


def _wanted(node: NodeFacts, members: set[str], expressions: Mapping[str, Expression], time: float) -> Standing:
    """Where the node shall stand that is in these pools."""
    wanted = _pools(node, members, expressions)
    offered = wanted if scheduling.can_be_claimed(node, time) else set()
    return Standing(wanted, {(pool_id, node.resource_class or "") for pool_id in offered})
