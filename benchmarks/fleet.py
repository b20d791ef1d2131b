# SPDX-License-Identifier: Apache-2.0
"""A fleet in the service's database, written in bulk: nodes with their facts and 20 tags each, and 50 overlapping pools of expressions
over 20 tags each.

What recompute would make of them (members, offers) is worked out with the same pure rules; ``check`` compares it with recomputation.
"""

import itertools
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import sqlalchemy as sa

from baremetal_svc.db import models, nodes, pools
from baremetal_svc.db.session import Database
from baremetal_svc.domain import facts
from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.pool import Expression
from baremetal_svc.gateways.protocols import NodeView
from baremetal_svc.scheduler import inventory, offers

VOCABULARY = tuple(f"t{number:02}" for number in range(100))
TAGS, POOLS, ROWS = 20, 50, 5000
CLASS = "bench"
FILLED = ("nodes", "node_facts", "node_tags", "pools", "pool_members", "offers", "claims")


@dataclass(frozen=True, slots=True)
class Fleet:
    """What was written: ids of nodes and of pools, largest pool first, and the expression of each pool."""

    node_ids: Sequence[str]
    pool_ids: Sequence[str]
    expressions: dict[str, Expression]


def write(db: Database, count: int, *, per_rack: int = 20, seed: int = 1) -> Fleet:
    """Write a fleet into an empty database of the newest schema."""
    dice = random.Random(seed)
    node_ids = [str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(count)]
    expressions = {str(uuid.UUID(int=dice.getrandbits(128), version=4)): _expression(dice) for _ in range(POOLS)}
    tags = {node_id: frozenset(dice.sample(VOCABULARY, TAGS)) for node_id in node_ids}
    insert(db, models.Node, _nodes(node_ids, per_rack))
    known = {row["id"]: sorted(facts.facts(_known(row))) for row in _nodes(node_ids, per_rack)}
    insert(db, models.NodeFact, ({"term": term, "node_id": node_id} for node_id in sorted(node_ids) for term in known[node_id]))
    insert(db, models.NodeTag, ({"tag": tag, "node_id": node_id} for node_id in sorted(node_ids) for tag in sorted(tags[node_id])))
    for number, (pool_id, wanted) in enumerate(expressions.items()):
        lists = {"all_of": sorted(wanted.all), "any_of": sorted(wanted.any), "none_of": sorted(wanted.none)}
        values = {"id": pool_id, "name": f"bench-{number}", "description": "", **lists}
        db.transact(lambda conn, values=values: pools.insert(conn, values))  # type: ignore[misc]
    members = {pool_id: [n for n in node_ids if wanted.holds(tags[n])] for pool_id, wanted in expressions.items()}
    members[pools.DEFAULT_ID] = node_ids
    place = {node_id: dice.randrange(offers.RND) for node_id in node_ids}
    for pool_id in sorted(members):
        insert(db, models.PoolMember, ({"pool_id": pool_id, "node_id": node_id} for node_id in sorted(members[pool_id])))
        insert(db, models.Offer, (_offer(pool_id, n, place[n]) for n in sorted(members[pool_id], key=lambda n: place[n])))
    settle(db)
    return Fleet(node_ids, sorted(expressions, key=lambda pool_id: -len(members[pool_id])), expressions)


def insert(db: Database, model: type[models.Model], rows: Iterable[dict[str, Any]]) -> None:
    """In transactions of some thousand rows."""
    for some in _chunks(iter(rows)):
        with db.write() as conn:
            conn.execute(sa.insert(model.__table__), some)


def settle(db: Database, tables: Iterable[str] = FILLED) -> None:
    """Have the database look after what it holds, as its own upkeep would in time: in the middle of what is measured, that is."""
    if db.engine.dialect.name == "postgresql":
        # Which takes it outside of a transaction only.
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql(f"VACUUM (ANALYZE) {', '.join(tables)}")
        return
    word = "ANALYZE" if db.engine.dialect.name == "sqlite" else "ANALYZE TABLE"
    with db.write() as conn:
        for table in tables:
            conn.exec_driver_sql(f"{word} {table}")


def _chunks(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while some := list(itertools.islice(rows, ROWS)):
        yield some


def _expression(dice: random.Random) -> Expression:
    tags = dice.sample(VOCABULARY, TAGS)
    return Expression.of(all=tags[:1], any=tags[1:18], none=tags[18:])


def _nodes(node_ids: Sequence[str], per_rack: int) -> Iterator[dict[str, Any]]:
    for number, node_id in enumerate(node_ids):
        rack = number // per_rack
        domain = f"dc1/room{rack // 100}/row{rack // 10}/rack{rack}"
        view = NodeView(
            node_id, f"bench-{number}", "available", None, "power off", None, None, False, CLASS, properties={"failure_domain": domain}
        )
        yield {**inventory.columns(view), "ports": [], "id": node_id, "hold_until": 0.0, "observed_at": 1.0, "created_at": 1.0}


def _known(row: dict[str, Any]) -> NodeFacts:
    """What facts are made of, out of a row of _nodes."""
    return NodeFacts(**{field.name: row[field.name] for field in fields(NodeFacts) if field.name in row})


def _offer(pool_id: str, node_id: str, place: int) -> dict[str, Any]:
    return {"pool_id": pool_id, "resource_class": CLASS, "rank": 0, "rnd": place, "node_id": node_id}


def check(db: Database, fleet: Fleet, some: int = nodes.CHUNK) -> None:
    """:raises AssertionError: recompute would make something else of some of the nodes."""
    found = db.query(lambda conn: offers.disagreeing(conn, list(fleet.node_ids[:some])))
    assert not found, f"{len(found)} nodes disagree with recomputation"
