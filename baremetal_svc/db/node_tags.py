# SPDX-License-Identifier: Apache-2.0
"""Tags of nodes as they change, the history of that, and the nodes that a filter of tags and facts selects."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Node, NodeFact, NodeTag, NodeTagChange, PoolMember
from baremetal_svc.db.pools import AFFINITY_ZONE
from baremetal_svc.domain.facts import is_fact

NODE = Node.__table__.c
TAG = NodeTag.__table__.c
FACT = NodeFact.__table__.c
CHANGE = NodeTagChange.__table__.c
MEMBER = PoolMember.__table__.c
_OF_NODES = TAG.node_id.in_(sa.bindparam("ids", expanding=True))
_SWAP = sa.update(NodeTag.__table__).where(TAG.tag == sa.bindparam("old"), _OF_NODES).values(tag=sa.bindparam("new"))
_NOTE = sa.insert(NodeTagChange.__table__).values(made_at=now())
Tags = Mapping[str, frozenset[str]]
Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Author:
    """Whose request a change comes from."""

    user_id: str | None
    request_id: str | None


def of(conn: Connection, node_id: str) -> list[str]:
    """The tags of a node, in order."""
    return sorted(conn.execute(select(TAG.tag).where(TAG.node_id == node_id)).scalars())


def change(conn: Connection, before: Tags, after: Tags, author: Author) -> list[str]:
    """Bring the tags of nodes from what they are (by node id) to what they shall be; ids of those that changed.

    Only differences are written, in as few statements as there are tags or nodes, whichever are fewer. The caller has locked the rows.
    """
    added, removed = _pairs(after, before), _pairs(before, after)
    swapped = _swap(conn, added, removed)
    rows.forget_pairs(conn, TAG.node_id, TAG.tag, [pair for pair in removed if pair[0] not in swapped])
    if new := [{"tag": tag, "node_id": node_id} for node_id, tag in added if node_id not in swapped]:
        conn.execute(sa.insert(NodeTag.__table__), new)
    _follow_affinity_zone(conn, before, after)
    return note(conn, removed, added, author)


def _swap(conn: Connection, added: Pairs, removed: Pairs) -> set[str]:
    """Where one tag of a node takes the place of another, as when it moves to another pool, that is one statement; ids of the nodes."""
    new, old = dict(added), dict(removed)
    times = Counter(node_id for node_id, _ in [*added, *removed])
    moved: dict[tuple[str, str], list[str]] = defaultdict(list)
    for node_id in new.keys() & old.keys():
        if times[node_id] == 2:
            moved[old[node_id], new[node_id]].append(node_id)
    for (tag, other), node_ids in sorted(moved.items()):
        conn.execute(_SWAP, {"old": tag, "new": other, "ids": sorted(node_ids)})
    return {node_id for node_ids in moved.values() for node_id in node_ids}


def note(conn: Connection, removed: Pairs, added: Pairs, author: Author) -> list[str]:
    """Put into the history what was taken off and put on, (node id, tag or fact) each; ids of the nodes, in order."""
    changes = [*((*pair, "removed") for pair in removed), *((*pair, "added") for pair in added)]
    if changes:
        about = {"user_id": author.user_id, "request_id": author.request_id}
        values = [{"id": str(uuid.uuid4()), "node_id": node_id, "tag": tag, "made": what, **about} for node_id, tag, what in changes]
        conn.execute(_NOTE, values)
    return sorted({node_id for node_id, _, _ in changes})


def _pairs(these: Tags, without: Tags) -> list[tuple[str, str]]:
    return [(node_id, tag) for node_id in sorted(these) for tag in sorted(these[node_id] - without[node_id])]


def _follow_affinity_zone(conn: Connection, before: Tags, after: Tags) -> None:
    """The zone stands in a column as well, where the claim reads it."""
    moved: dict[str | None, list[str]] = defaultdict(list)
    for node_id in after:
        if (zone := _affinity_zone(after[node_id])) != _affinity_zone(before[node_id]):
            moved[zone].append(node_id)
    for zone, node_ids in moved.items():
        conn.execute(sa.update(Node.__table__).where(NODE.id.in_(node_ids)).values(affinity_zone=zone))


def _affinity_zone(tags: frozenset[str]) -> str | None:
    return next((tag.removeprefix(AFFINITY_ZONE) for tag in sorted(tags) if tag.startswith(AFFINITY_ZONE)), None)


def history(conn: Connection, node_id: str, *, limit: int, marker: rows.Row | None) -> list[rows.Row]:
    """Changes of a node's tags, newest first, after the marker."""
    statement = (
        select(NodeTagChange.__table__).where(CHANGE.node_id == node_id).order_by(CHANGE.made_at.desc(), CHANGE.id.desc()).limit(limit)
    )
    if marker is not None:
        same_moment = sa.and_(CHANGE.made_at == marker["made_at"], CHANGE.id < marker["id"])
        statement = statement.where(sa.or_(CHANGE.made_at < marker["made_at"], same_moment))
    return rows.all_of(conn, statement)


def change_of(conn: Connection, node_id: str, change_id: str) -> rows.Row | None:
    """One change of a node's tags."""
    return rows.one(conn, select(NodeTagChange.__table__).where(CHANGE.id == change_id, CHANGE.node_id == node_id))


def selected(conn: Connection, wanted: Mapping[str, Any], limit: int) -> list[str]:
    """Ids, in order, of at most so many nodes that Ironic lists and a filter selects: {"all", "any", "none", "node_ids", "pool"}."""
    statement = select(NODE.id).where(NODE.gone.is_(sa.false()), *_conditions(wanted)).order_by(NODE.id).limit(limit)
    return list(conn.execute(statement).scalars())


def _conditions(wanted: Mapping[str, Any]) -> Iterator[sa.ColumnElement[bool]]:
    for term in wanted.get("all", ()):
        yield _has_one_of([term])
    if wanted.get("any"):
        yield _has_one_of(wanted["any"])
    if wanted.get("none"):
        yield sa.not_(_has_one_of(wanted["none"]))
    if "node_ids" in wanted:
        yield NODE.id.in_(wanted["node_ids"])
    if "pool" in wanted:
        yield NODE.id.in_(select(MEMBER.node_id).where(MEMBER.pool_id == wanted["pool"]))


def _has_one_of(terms: Sequence[str]) -> sa.ColumnElement[bool]:
    """The same as domain.facts.terms says: a tag that is named like a fact does not count."""
    facts, tags = [term for term in terms if is_fact(term)], [term for term in terms if not is_fact(term)]
    with_tag = select(TAG.node_id).where(TAG.tag.in_(tags))
    with_fact = select(FACT.node_id).where(FACT.term.in_(facts))
    return sa.or_(*([NODE.id.in_(with_tag)] if tags else []), *([NODE.id.in_(with_fact)] if facts else []))
