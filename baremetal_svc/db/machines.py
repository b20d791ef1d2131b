# SPDX-License-Identifier: Apache-2.0
"""What weighers need to know of candidates: one statement, and one more where failure domains are counted; never one for each."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db.models import Claim, Fault, Node, Offer
from baremetal_svc.domain.ranking import Machine

NODE = Node.__table__.c
_OFFER, _FAULT = Offer.__table__.c, Fault.__table__.c
_IDS: sa.BindParameter[list[str]] = sa.bindparam("ids", expanding=True)
#: Of the fields that are no column of that name.
_COLUMNS: Mapping[str, Any] = {
    "idle_since": sa.func.coalesce(NODE.released_at, NODE.created_at),
    "pools": select(sa.func.count()).where(_OFFER.node_id == NODE.id).correlate(Node.__table__).scalar_subquery(),
    "failed_at": select(sa.func.max(_FAULT.created_at)).where(_FAULT.target_id == NODE.id).correlate(Node.__table__).scalar_subquery(),
    "in_use": NODE.failure_domain,
}


@cache
def _statement(needs: frozenset[str]) -> sa.Select[Any]:
    columns = [_COLUMNS.get(name, NODE.get(name)).label(name) for name in sorted(needs)]
    return select(NODE.id, *columns).where(NODE.id.in_(_IDS))


_IN_USE = (
    select(NODE.failure_domain, sa.func.count())
    .join(Claim.__table__, Claim.__table__.c.held_node == NODE.id)
    .where(NODE.failure_domain.in_(sa.bindparam("domains", expanding=True)))
    .group_by(NODE.failure_domain)
)


def load(conn: Connection, places: Mapping[str, int], needs: frozenset[str]) -> list[Machine]:
    """Machines with what is needed of them, in the order of their ids' places.

    :param places: node id -> place of its pool. :param needs: fields of Machine.
    """
    if not needs:
        return [Machine(node_id, place) for node_id, place in places.items()]
    found = {row["id"]: dict(row) for row in conn.execute(_statement(needs), {"ids": list(places)}).mappings()}
    if "in_use" in needs:
        _count(conn, list(found.values()))
    return [Machine(place=place, **found[node_id]) for node_id, place in places.items() if node_id in found]


def _count(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Put the number of machines in use where the domain stands."""
    domains = sorted({row["in_use"] for row in rows} - {""})
    used: dict[str, int] = dict(conn.execute(_IN_USE, {"domains": domains}).tuples().all()) if domains else {}
    for row in rows:
        row["in_use"] = used.get(row["in_use"], 0) if row["in_use"] else None
