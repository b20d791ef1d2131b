# SPDX-License-Identifier: Apache-2.0
"""Candidates of a claim: offers, read in windows, so that a claim looks at as many as it needs and not at all of them.

Whoever claims a node or recomputes it locks the node's row first, and only then touches its offers: those of a node lie in several
pools, and two that began with different pools would wait for each other.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import nodes
from baremetal_svc.db.models import Claim, Node, NodeFact, NodeTag, Offer
from baremetal_svc.domain.setup import Condition
from baremetal_svc.domain.spread import Candidate, Rule

OFFER = Offer.__table__.c
NODE = Node.__table__.c
#: Of windows: most claims are content with the first.
SMALLEST, LARGEST = 8, 1024
#: What the conditions of a claim look like: how many tags, which facts must be there and which not, whether nodes are excluded.
Form = tuple[int, tuple[bool, ...], bool]
_ZONE = sa.func.coalesce(NODE.affinity_zone, NODE.failure_domain)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which offers will do.

    :ivar excluded: ids of nodes that were tried before. :ivar tags: each of which the node must carry. :ivar facts: conditions on them.
    """

    pool_id: str
    resource_class: str
    excluded: Sequence[str] = ()
    tags: Sequence[str] = ()
    facts: Sequence[Condition] = ()

    @property
    def conditions(self) -> list[Any]:
        """As SQL, on the columns of offers."""
        return _conditions(*self.form)

    @property
    def written_out(self) -> list[Any]:
        """The same with the values in it, and without the pool: for statements that look at several at once."""
        facts = knowing(OFFER.node_id, ((fact.fact, fact.has) for fact in self.facts))
        excluded = [OFFER.node_id.not_in(self.excluded)] if self.excluded else []
        return [OFFER.resource_class == self.resource_class, *carrying(OFFER.node_id, self.tags), *facts, *excluded]

    @property
    def form(self) -> Form:
        """Of its conditions, whatever is bound in them."""
        return len(self.tags), tuple(fact.has for fact in self.facts), bool(self.excluded)

    @property
    def values(self) -> dict[str, Any]:
        """What is bound in the conditions."""
        tags = {f"tag_{number}": tag for number, tag in enumerate(self.tags)}
        facts = {f"fact_{number}": fact.fact for number, fact in enumerate(self.facts)}
        excluded = {"excluded": list(self.excluded)} if self.excluded else {}
        return {"pool": self.pool_id, "class": self.resource_class, **tags, **facts, **excluded}


def carrying(node_id: Any, tags: Iterable[Any]) -> list[sa.ColumnElement[bool]]:
    """That a node, by the column with its id, carries each of the tags."""
    tag = NodeTag.__table__.c
    return [sa.exists().where(tag.tag == name, tag.node_id == node_id) for name in tags]


def knowing(node_id: Any, facts: Iterable[tuple[Any, bool]]) -> list[sa.ColumnElement[bool]]:
    """That a node has each of the facts, or has it not where False stands beside it."""
    fact = NodeFact.__table__.c
    found = [(sa.exists().where(fact.term == term, fact.node_id == node_id), has) for term, has in facts]
    return [there if has else sa.not_(there) for there, has in found]


# Statements are built once for each form: building and keying one costs more than the database takes for it.
@cache
def _conditions(tags: int, facts: tuple[bool, ...], excludes: bool) -> list[Any]:
    found: list[Any] = [OFFER.pool_id == sa.bindparam("pool"), OFFER.resource_class == sa.bindparam("class")]
    found += carrying(OFFER.node_id, (sa.bindparam(f"tag_{number}") for number in range(tags)))
    found += knowing(OFFER.node_id, ((sa.bindparam(f"fact_{number}"), has) for number, has in enumerate(facts)))
    return [*found, OFFER.node_id.not_in(sa.bindparam("excluded", expanding=True))] if excludes else found


def _ordered(form: Form, placed: bool) -> sa.Select[Any]:
    """The offers from "begin" on."""
    columns = [OFFER.rnd, OFFER.node_id, *([_ZONE, NODE.failure_domain] if placed else [])]
    # Every rank is 0 (decision 0012); the key of offers begins with it.
    known = [*_conditions(*form), OFFER.rank == sa.literal_column("0"), OFFER.rnd >= sa.bindparam("begin")]
    return select(*columns).where(*known).order_by(OFFER.rnd, OFFER.node_id)


@cache
def _window(form: Form, placed: bool, bounded: bool) -> sa.Select[Any]:
    """So many of them, behind the node "last" where that is at the beginning."""
    beyond = sa.not_(sa.and_(OFFER.rnd == sa.bindparam("begin"), OFFER.node_id <= sa.bindparam("last")))
    statement = _ordered(form, placed).where(beyond).limit(sa.bindparam("size"))
    if placed:
        statement = statement.join(Node.__table__, NODE.id == OFFER.node_id)
    return statement.where(OFFER.rnd < sa.bindparam("end")) if bounded else statement


@lru_cache(256)
def picking(form: Form, size: int, needed: int) -> sa.Select[Any]:
    """Of the first ones the nodes that nobody else has locked; only nodes are locked, not what is looked at for them."""
    # The numbers are written out: PostgreSQL would take one that is bound for a tenth of the pool, and plan the statement anew each time.
    window = _ordered(form, placed=False).limit(sa.literal_column(f"{size:d}")).subquery()
    picked = select(NODE.id).join(window, window.c.node_id == NODE.id).limit(sa.literal_column(f"{needed:d}"))
    return picked.with_for_update(of=Node.__table__, skip_locked=True)


def pick(conn: Connection, wanted: Wanted, start: int, needed: int, *, size: int) -> list[Candidate]:
    """At most so many nodes out of the first of the windows, locked: a look and a lock in one statement, which waits for nobody."""
    values = {**wanted.values, "begin": start}
    return [Candidate(node_id, wanted.pool_id) for node_id in conn.execute(picking(wanted.form, size, needed), values).scalars()]


def windows(conn: Connection, wanted: Wanted, start: int, *, size: int, placed: bool) -> Iterator[list[Candidate]]:
    """All offers from a random start with wrap-around, so that concurrent claimers seldom meet.

    :param size: of the first window; each one after it is larger. :param placed: with their zones and paths.
    """
    for begin, bound in ((start, {}), (0, {"end": start})):
        statement = _window(wanted.form, placed, bool(bound))
        values = {**wanted.values, **bound, "begin": begin, "last": ""}
        while rows := conn.execute(statement, {**values, "size": size}).all():
            yield [Candidate(row.node_id, wanted.pool_id, *row[2:]) for row in rows]
            if len(rows) < size:
                break
            values |= {"begin": rows[-1].rnd, "last": rows[-1].node_id}
            size = min(size * 4, LARGEST)


def places(conn: Connection, pool_ids: Sequence[str], wanted: Wanted) -> Counter[tuple[str, str]]:
    """How many nodes are on offer in any of the pools, by (zone, path), in one statement; ``wanted`` says which, but for the pool."""
    offered = select(OFFER.node_id).where(OFFER.pool_id.in_(pool_ids), *wanted.written_out)
    left = (offered.distinct() if len(pool_ids) > 1 else offered).subquery()
    # Grouped by the columns themselves: the zone of a node is the one or the other.
    by = (NODE.affinity_zone, NODE.failure_domain)
    found = conn.execute(select(*by, sa.func.count()).join(left, left.c.node_id == NODE.id).group_by(*by))
    counts = Counter[tuple[str, str]]()
    for zone, path, count in found.tuples():
        counts[path if zone is None else zone, path] += count
    return counts


def within(conn: Connection, wanted: Wanted, rule: Rule, domains: Collection[str]) -> list[Candidate]:
    """The offers in these domains, found by the nodes in them."""
    if rule.depth is None:
        here = sa.or_(NODE.affinity_zone.in_(domains), sa.and_(NODE.affinity_zone.is_(None), NODE.failure_domain.in_(domains)))
    else:
        below = [NODE.failure_domain.startswith(f"{domain}/", autoescape=True) for domain in domains]
        here = sa.or_(NODE.failure_domain.in_(domains), *below)
    columns = select(OFFER.node_id, OFFER.pool_id, _ZONE, NODE.failure_domain)
    statement = columns.join(Node.__table__, NODE.id == OFFER.node_id).where(here, *wanted.conditions)
    return [Candidate(*row) for row in conn.execute(statement.order_by(OFFER.rnd), wanted.values).tuples()]


def withdraw(conn: Connection, node_ids: Collection[str]) -> set[str]:
    """Delete every offer of the nodes, whose rows are locked; those of them that were on offer and that nobody holds."""
    # A statement of its own: only one that begins after the lock sees what the last holder of the lock has done.
    return set(conn.execute(_WITHDRAW, {"ids": sorted(node_ids)}).scalars()) if node_ids else set()


def unmoved(conn: Connection, seen: Iterable[Candidate]) -> set[str]:
    """Ids of those of the nodes, which are locked, that stand where they were seen: they may have been moved between look and lock."""
    places = {node.node_id: (node.zone, node.path) for node in seen}
    found = conn.execute(_PLACES, {"ids": sorted(places)}).tuples()
    return {node_id for node_id, *place in found if places[node_id] == tuple(place)}


def take_node(conn: Connection, node_id: str) -> None:
    """Lock a node and delete its offers, for a claim that was told which node."""
    withdraw(conn, nodes.lock(conn, [node_id]))


_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
_HELD = sa.exists().where(Claim.held_node == OFFER.node_id)
_PLACES = select(NODE.id, _ZONE, NODE.failure_domain).where(NODE.id.in_(_IDS))
_WITHDRAW = sa.delete(Offer.__table__).where(OFFER.node_id.in_(_IDS), sa.not_(_HELD)).returning(OFFER.node_id)
