# SPDX-License-Identifier: Apache-2.0
"""The use cases of nodes: they read what the inventory has written, and say where a node stands."""

from dataclasses import dataclass

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import claims, groups, listings, node_tags, nodes, standing
from baremetal_svc.db.rows import Row
from baremetal_svc.db.standing import Seen
from baremetal_svc.domain import failure_domain
from baremetal_svc.domain.errors import Conflict, existing
from baremetal_svc.domain.spread import Rule
from baremetal_svc.features.nodes import rules
from baremetal_svc.scheduler import offers


@dataclass(frozen=True, slots=True)
class Found:
    """Nodes with their tags, their pools and their offers."""

    rows: list[Row]
    seen: Seen
    #: When the last listing began; a node that it showed unchanged was not written.
    listed_at: float | None


def names(call: Call) -> list[str]:
    """Names of all nodes."""
    return call.services.db.query(nodes.names)


def page(call: Call, limit: int) -> Found:
    """A page of nodes: three queries whatever the limit. :raises NotFound: the marker."""
    marker = call.query.get("marker")

    def work(conn: Connection) -> Found:
        if marker is not None:
            existing(nodes.get(conn, marker), "node", marker)
        return _found(conn, nodes.page(conn, limit=limit, marker=marker))

    return call.services.db.query(work)


def show(call: Call, node_id: str) -> tuple[Found, Row | None]:
    """One node and the claim that holds it. :raises NotFound:"""

    def work(conn: Connection) -> tuple[Found, Row | None]:
        row = existing(nodes.get(conn, node_id), "node", node_id)
        return _found(conn, [row]), claims.holder_of(conn, node_id)

    return call.services.db.query(work)


def _found(conn: Connection, rows: list[Row]) -> Found:
    return Found(rows, standing.of(conn, rows), listings.last(conn))


def place(call: Call, node_id: str, wanted: str | None) -> Row:
    """Say where a node stands, or leave it to Ironic again; the node. What groups count follows at once, of a node in use as well.

    :param wanted: the path, None for what Ironic says.
    :raises NotFound: :raises Invalid: it is no path. :raises Conflict: a hard rule of the holder's group would be broken.
    """
    if wanted is not None:
        failure_domain.check(wanted, call.services.conf.scheduler.failure_domain_levels)

    def work(conn: Connection) -> Row:
        existing(nodes.get(conn, node_id), "node", node_id)
        holder, rule = _queue_up(conn, node_id)
        nodes.lock(conn, [node_id])
        row = existing(nodes.get(conn, node_id), "node", node_id)
        if claims.holder_of(conn, node_id) != holder:
            raise Conflict(f"Node {node_id} is being claimed or released.", hint="Try again.")
        path = failure_domain.of_ironic(row["properties"], row["ports"], call.services.switches) if wanted is None else wanted
        if holder is not None and rule is not None:
            here, there = ((row["affinity_zone"] or where, where) for where in (row["failure_domain"], path))
            rules.check_place(holder["server_id"], rule, here, there, groups.places_held(conn, [holder["server_id"]]))
        if (row["failure_domain_set"], row["failure_domain"]) != (wanted, path):
            nodes.set_columns(conn, node_id, failure_domain_set=wanted, failure_domain=path)
            _note(conn, call, row, wanted)
            offers.recompute(conn, [node_id])
        return existing(nodes.get(conn, node_id), "node", node_id)

    return call.services.db.transact(work)


def _queue_up(conn: Connection, node_id: str) -> tuple[Row | None, Rule | None]:
    """The claim that holds a node, and the rule of the group of its server, locked: a claim takes the group before any node, too."""
    holder = claims.holder_of(conn, node_id)
    return holder, None if holder is None or holder["live_server"] is None else groups.queue_up(conn, holder["server_id"])


def _note(conn: Connection, call: Call, row: Row, wanted: str | None) -> None:
    """What operators set is in the history of the node's tags, by the name that expressions have for it."""
    before = row["failure_domain_set"]
    gone, new = ([] if path in (None, same) else [(row["id"], f"domain:{path}")] for path, same in ((before, wanted), (wanted, before)))
    node_tags.note(conn, gone, new, node_tags.Author(call.context.user_id, call.context.request_id))
