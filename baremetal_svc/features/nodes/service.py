# SPDX-License-Identifier: Apache-2.0
"""The use cases of nodes: they read what the inventory has written."""

from dataclasses import dataclass

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import claims, listings, nodes, pools
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import existing


@dataclass(frozen=True, slots=True)
class Found:
    """Nodes with their tags, their pools and the pools in which they are on offer."""

    rows: list[Row]
    tags: dict[str, frozenset[str]]
    pools: dict[str, set[str]]
    offered: dict[str, set[str]]
    #: When the last listing began; a node that it showed unchanged was not written.
    listed_at: float | None


def names(call: Call) -> list[str]:
    """Names of all nodes."""
    return call.services.db.query(nodes.names)


def page(call: Call, limit: int) -> Found:
    """A page of nodes: five queries whatever the limit. :raises NotFound: the marker."""
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
    ids = [row["id"] for row in rows]
    return Found(rows, pools.tags_of(conn, ids), pools.memberships(conn, ids), nodes.offered(conn, ids), listings.last(conn))
