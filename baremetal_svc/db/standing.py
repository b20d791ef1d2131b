# SPDX-License-Identifier: Apache-2.0
"""Where nodes stand: what their pools and offers are computed from, and what was computed last. Two queries, however many nodes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import nodes
from baremetal_svc.db.models import Claim, Fault, NodeTag, Offer, PoolMember, ReservedNode
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.node import NodeFacts

CLAIM, FAULT, TAG = Claim.__table__.c, Fault.__table__.c, NodeTag.__table__.c
MEMBER, OFFER, RESERVED = PoolMember.__table__.c, Offer.__table__.c, ReservedNode.__table__.c
_IDS: sa.BindParameter[Any] = sa.bindparam("ids", expanding=True)


@dataclass(frozen=True, slots=True)
class Standing:
    """Ids of the pools that a node is a member of, and its offers: (pool id, resource class)."""

    members: set[str] = field(default_factory=set)
    offers: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Seen:
    """Nodes as they were read: what is known of each, its tags among that, and where it stands, by id."""

    facts: Mapping[str, NodeFacts]
    standing: Mapping[str, Standing]

    @property
    def tags(self) -> dict[str, frozenset[str]]:
        """Tags by node id."""
        return {node_id: node.tags for node_id, node in self.facts.items()}


def _part(what: str, node_id: sa.ColumnElement[str], *values: Any) -> sa.Select[Any]:
    padded = [*values, *[sa.null()] * (2 - len(values))]
    return select(node_id, sa.literal_column(f"'{what}'"), *padded).where(node_id.in_(_IDS))


def _parts(tags: Collection[str] | None = None, pool_ids: Collection[str] | None = None) -> Iterator[sa.Select[Any]]:
    """Rows of (node id, what, value, another value); of these tags and these pools only unless that is None."""
    tagged, member = _part("tag", TAG.node_id, TAG.tag), _part("member", MEMBER.node_id, MEMBER.pool_id)
    offer = _part("offer", OFFER.node_id, OFFER.pool_id, OFFER.resource_class)
    yield tagged if tags is None else tagged.where(TAG.tag.in_(sorted(tags)))
    yield member if pool_ids is None else member.where(MEMBER.pool_id.in_(pool_ids))
    yield offer if pool_ids is None else offer.where(OFFER.pool_id.in_(pool_ids))
    yield _part("held", CLAIM.held_node)
    yield _part("faulty", FAULT.target_id).where(FAULT.cleared_at.is_(None))
    yield _part("reserved", RESERVED.node_id, RESERVED.reservation_id)


_EVERYTHING = sa.union_all(*_parts())


def of(conn: Connection, rows: Sequence[Row], tags: Collection[str] | None = None, pool_ids: Collection[str] | None = None) -> Seen:
    """Of nodes whose rows have been read, in one query; of their tags and their pools these only unless that is None."""
    ids = [row["id"] for row in rows]
    found: dict[str, dict[str, set[Any]]] = {node_id: {} for node_id in ids}
    statement = _EVERYTHING if tags is None and pool_ids is None else sa.union_all(*_parts(tags, pool_ids))
    for node_id, what, value, other in conn.execute(statement, {"ids": ids}).all():
        found[node_id].setdefault(what, set()).add(value if other is None else (value, other))
    facts = {row["id"]: _facts(row, found[row["id"]]) for row in rows}
    return Seen(facts, {node_id: Standing(one.get("member", set()), one.get("offer", set())) for node_id, one in found.items()})


def _facts(row: Row, known: Mapping[str, set[Any]]) -> NodeFacts:
    reserved = next(iter(known.get("reserved", ())), None)
    more = {"held": "held" in known, "faulty": "faulty" in known, "reservation_id": reserved}
    own = {name: row[name] for name in nodes.FACTS}
    return NodeFacts(**{**own, **more, "traits": tuple(own["traits"])}, tags=frozenset(known.get("tag", ())))
