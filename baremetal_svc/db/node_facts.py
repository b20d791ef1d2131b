# SPDX-License-Identifier: Apache-2.0
"""Facts of nodes as terms in rows, so that SQL finds nodes by them; what they are is said by domain.facts."""

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.models import NodeFact

FACT = NodeFact.__table__.c


def of(conn: Connection, node_ids: Collection[str]) -> dict[str, set[str]]:
    """The terms of each of the nodes."""
    known: dict[str, set[str]] = {node_id: set() for node_id in node_ids}
    for node_id, term in conn.execute(select(FACT.node_id, FACT.term).where(FACT.node_id.in_(list(node_ids)))):
        known[node_id].add(term)
    return known


def keep(conn: Connection, wanted: Mapping[str, frozenset[str]]) -> None:
    """Bring the rows of these nodes (by id) in line with their facts; writes only differences."""
    known = of(conn, wanted)
    gone = [(term, node_id) for node_id, terms in known.items() for term in terms - wanted[node_id]]
    rows.forget_pairs(conn, FACT.term, FACT.node_id, gone)
    new = [{"term": term, "node_id": node_id} for node_id in sorted(wanted) for term in sorted(wanted[node_id] - known[node_id])]
    if new:
        conn.execute(sa.insert(NodeFact.__table__), new)
