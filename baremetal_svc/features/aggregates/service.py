# SPDX-License-Identifier: Apache-2.0
"""The use cases of aggregates: a change of one retags its nodes, and with that moves those that are free between pools, at once."""

import uuid
from collections.abc import Callable, Iterable

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.api import editing, idempotency
from baremetal_svc.api.call import Call
from baremetal_svc.db import aggregates, node_tags, nodes, pools
from baremetal_svc.db.node_tags import Author, Tags
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, NotFound, existing
from baremetal_svc.features.aggregates import rules, schema
from baremetal_svc.scheduler import offers

Rows = Iterable[rules.Aggregate]


def create(call: Call) -> Row:
    """Create an aggregate without nodes. :raises Conflict: the name is taken."""
    values = {"id": str(uuid.uuid4()), "name": call.body["name"], "metadata": call.body.get("metadata", {})}

    def make(conn: Connection) -> Row:
        aggregates.insert(conn, values)
        return existing(aggregates.get(conn, values["id"]), "aggregate", values["id"])

    return idempotency.once(call, aggregates.get, make, f"An aggregate named {values['name']!r} exists.")[0]


def page(call: Call, limit: int) -> list[Row]:
    """Aggregates. :raises NotFound: the marker."""
    marker = call.query.get("marker")

    def work(conn: Connection) -> list[Row]:
        if marker is not None:
            existing(aggregates.get(conn, marker), "aggregate", marker)
        return aggregates.page(conn, limit=limit, marker=marker)

    return call.services.db.query(work)


def show(call: Call, aggregate_id: str) -> Row:
    """One aggregate. :raises NotFound:"""
    return call.services.db.query(lambda conn: existing(aggregates.get(conn, aggregate_id), "aggregate", aggregate_id))


def update(call: Call, aggregate_id: str) -> Row:
    """Edit name and metadata. :raises NotFound: :raises PreconditionFailed: :raises Conflict: name. :raises Invalid: patch, or zones."""

    def work(conn: Connection) -> Row:
        row = existing(aggregates.get(conn, aggregate_id, lock=True), "aggregate", aggregate_id)
        editing.check_match(call.if_match, rules.editable(row))
        done = editing.edited(rules.editable(row), call.body, schema.EDITED)
        aggregates.set_columns(conn, aggregate_id, name=done["name"], metadata=done["metadata"])
        changed = {**row, **done}
        _retag(conn, call, nodes.tagged(conn, rules.member_tag(aggregate_id)), row, lambda others: [*others, changed])
        return existing(aggregates.get(conn, aggregate_id), "aggregate", aggregate_id)

    try:
        return call.services.db.transact(work)
    except DBDuplicateEntry as error:
        raise Conflict("An aggregate of that name exists.", hint="Choose another name.") from error


def delete(call: Call, aggregate_id: str) -> None:
    """Delete an aggregate and take its tags off its nodes. :raises NotFound:"""

    def work(conn: Connection) -> None:
        row = existing(aggregates.get(conn, aggregate_id, lock=True), "aggregate", aggregate_id)
        _retag(conn, call, nodes.tagged(conn, rules.member_tag(aggregate_id)), row, list)
        aggregates.forget(conn, aggregate_id)

    call.services.db.transact(work)


def node_names(call: Call, aggregate_id: str) -> list[str]:
    """Names of the nodes of an aggregate. :raises NotFound:"""

    def work(conn: Connection) -> list[str]:
        existing(aggregates.get(conn, aggregate_id), "aggregate", aggregate_id)
        found = nodes.observed(conn, nodes.tagged(conn, rules.member_tag(aggregate_id)))
        return sorted(row["name"] or row["id"] for row in found.values())

    return call.services.db.query(work)


def add_node(call: Call, aggregate_id: str) -> None:
    """Add a node by its name; again is a no-op. :raises NotFound: aggregate or node. :raises Invalid: it is in another zone."""

    def work(conn: Connection) -> None:
        row = existing(aggregates.get(conn, aggregate_id, lock=True), "aggregate", aggregate_id)
        node = existing(nodes.named(conn, call.body["node"]), "node", call.body["node"])
        _retag(conn, call, [node["id"]], row, lambda others: [*others, row])

    call.services.db.transact(work)


def remove_node(call: Call, aggregate_id: str, node_name: str) -> None:
    """Take a node out. :raises NotFound: aggregate, node, or the node is not in it."""

    def work(conn: Connection) -> None:
        row = existing(aggregates.get(conn, aggregate_id, lock=True), "aggregate", aggregate_id)
        # One that Ironic does not know any more is named by its id.
        node = existing(nodes.named(conn, node_name) or nodes.get(conn, node_name.lower()), "node", node_name)
        if node["id"] not in nodes.tagged(conn, rules.member_tag(aggregate_id)):
            raise NotFound(f"Node {node_name} is not in aggregate {aggregate_id}.")
        _retag(conn, call, [node["id"]], row, list)

    call.services.db.transact(work)


def zones(call: Call) -> list[str]:
    """Names of the availability zones that have nodes, such as Ironic knows."""
    return call.services.db.query(lambda conn: pools.values_of(conn, pools.AVAILABILITY_ZONE))


def _retag(conn: Connection, call: Call, node_ids: list[str], changed: Row, after: Callable[[Rows], Rows]) -> None:
    """Bring the tags of nodes in line when one aggregate changes, in a fixed number of statements for each chunk.

    :param changed: the aggregate as it was. :param after: the other aggregates of a node -> those that it belongs to from now on.
    """
    author, ordered = Author(call.context.user_id, call.context.request_id), sorted(node_ids)
    for start in range(0, len(ordered), nodes.CHUNK):
        chunk = ordered[start : start + nodes.CHUNK]
        seen = offers.seen(conn, chunk, lock=True)
        wanted = _wanted(conn, seen.tags, changed, after)
        if node_tags.change(conn, seen.tags, wanted, author):
            offers.retag(conn, seen, wanted)


def _wanted(conn: Connection, tags: Tags, changed: Row, after: Callable[[Rows], Rows]) -> dict[str, frozenset[str]]:
    known = {row["id"]: row for row in aggregates.those(conn, rules.aggregates_of(set().union(*tags.values())))}
    wanted = {}
    for node_id, before in tags.items():
        belongs = [known[aggregate_id] for aggregate_id in rules.aggregates_of(before) if aggregate_id in known]
        others = [row for row in belongs if row["id"] != changed["id"]]
        # The aggregate's own row may hold its new metadata already.
        was = [*others, changed] if len(others) < len(belongs) else others
        wanted[node_id] = rules.retagged(before, was, after(others))
        rules.check_one_zone(node_id, wanted[node_id])
    return wanted
