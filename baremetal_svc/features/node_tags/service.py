# SPDX-License-Identifier: Apache-2.0
"""The use cases of tags of nodes: a free node changes pools in the same transaction, a node in use when it is released."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import aggregates, node_tags, nodes
from baremetal_svc.db.node_tags import Author
from baremetal_svc.db.rows import Row
from baremetal_svc.db.standing import Seen
from baremetal_svc.domain import tags
from baremetal_svc.domain.errors import existing
from baremetal_svc.features.node_tags import rules
from baremetal_svc.scheduler import offers

#: (node id, its tags, what of them aggregates give) -> its tags from now on.
Change = Callable[[str, frozenset[str], frozenset[str]], frozenset[str]]


def index(call: Call, node_id: str) -> list[str]:
    """The tags of a node, in order. :raises NotFound:"""

    def work(conn: Connection) -> list[str]:
        existing(nodes.get(conn, node_id), "node", node_id)
        return node_tags.of(conn, node_id)

    return call.services.db.query(work)


def check(call: Call, node_id: str, tag: str) -> None:
    """:raises NotFound: the node does not have the tag. :raises Invalid: it is none."""
    tags.check_form(tag)
    existing(tag if tag in index(call, node_id) else None, "tag", repr(tag))


def replace(call: Call, node_id: str) -> list[str]:
    """Give a node these tags, beside those of its aggregates. :raises NotFound: :raises Invalid:"""
    return _one(call, node_id, lambda n, before, given: rules.replaced(n, before, given, call.body["tags"]))


def clear(call: Call, node_id: str) -> None:
    """Remove all but those of its aggregates. :raises NotFound:"""
    _one(call, node_id, lambda n, before, given: rules.replaced(n, before, given, ()))


def add(call: Call, node_id: str, tag: str) -> None:
    """Add one; again is a no-op. :raises NotFound: :raises Invalid:"""
    tags.check_form(tag)
    _one(call, node_id, lambda n, before, given: rules.changed(n, before, given, [tag], ()))


def remove(call: Call, node_id: str, tag: str) -> None:
    """Remove one. :raises NotFound: the node, or it does not have the tag. :raises Conflict: an aggregate gives it."""
    tags.check_form(tag)

    def without(node: str, before: frozenset[str], given: frozenset[str]) -> frozenset[str]:
        existing(tag if tag in before else None, "tag", repr(tag))
        return rules.changed(node, before, given, (), [tag])

    _one(call, node_id, without)


def history(call: Call, node_id: str, limit: int) -> list[Row]:
    """Changes of a node's tags, newest first. :raises NotFound: the node or the marker."""
    marker = call.query.get("marker")

    def work(conn: Connection) -> list[Row]:
        existing(nodes.get(conn, node_id), "node", node_id)
        found = None if marker is None else existing(node_tags.change_of(conn, node_id, marker), "change", marker)
        return node_tags.history(conn, node_id, limit=limit, marker=found)

    return call.services.db.query(work)


def bulk(call: Call) -> dict[str, Any]:
    """Tag what a filter selects, all of it or nothing; with dry_run only count. :raises Invalid: :raises Conflict:"""
    asked = call.body
    more, less, dry = asked.get("add", []), asked.get("remove", []), asked.get("dry_run", False)
    rules.check_bulk(more, less)
    wanted, limits = _lowered(asked["filter"]), call.services.conf.api
    most = rules.most_nodes(limits.max_tagged_nodes, limits.max_tag_changes, len(more) + len(less))

    def work(conn: Connection) -> dict[str, Any]:
        node_ids = node_tags.selected(conn, wanted, most + 1)
        rules.check_count(len(node_ids), most)
        changed, moved = 0, 0
        for start in range(0, len(node_ids), nodes.CHUNK):
            chunk = node_ids[start : start + nodes.CHUNK]
            seen = offers.seen(conn, chunk, lock=not dry)
            after = _changed(conn, seen, lambda n, b, g: rules.changed(n, b, g, more, less))
            if dry:
                changed += sum(before != after[node_id] for node_id, before in seen.tags.items())
                moved += offers.moving(conn, seen, after)
            else:
                done = node_tags.change(conn, seen.tags, after, _author(call))
                changed += len(done)
                moved += offers.retag(conn, seen, {node_id: after[node_id] for node_id in done}) if done else 0
        return {"matched": len(node_ids), "changed": changed, "moved": moved, "dry_run": dry}

    return call.services.db.query(work) if dry else call.services.db.transact(work)


def _one(call: Call, node_id: str, change: Change) -> list[str]:
    def work(conn: Connection) -> list[str]:
        seen = offers.seen(conn, [node_id], lock=True)
        existing(seen.facts.get(node_id), "node", node_id)
        after = _changed(conn, seen, change)
        if node_tags.change(conn, seen.tags, after, _author(call)):
            offers.retag(conn, seen, after)
        return sorted(after[node_id])

    return call.services.db.transact(work)


def _changed(conn: Connection, seen: Seen, change: Change) -> dict[str, frozenset[str]]:
    """Tags of the nodes as they shall be."""
    known = {row["id"]: row for row in aggregates.those(conn, tags.aggregates_of(set().union(*seen.tags.values())))}
    after = {}
    for node_id, own in seen.tags.items():
        given = tags.given(known[name] for name in tags.aggregates_of(own) if name in known)
        after[node_id] = change(node_id, own, given)
    return after


def _author(call: Call) -> Author:
    return Author(call.context.user_id, call.context.request_id)


def _lowered(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Ids are compared as they are stored."""
    ids = {"node_ids": [node_id.lower() for node_id in wanted["node_ids"]]} if "node_ids" in wanted else {}
    pool = {"pool": wanted["pool"].lower()} if "pool" in wanted else {}
    return {**wanted, **ids, **pool}
