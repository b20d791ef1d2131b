# SPDX-License-Identifier: Apache-2.0
"""Offers as rows: which nodes can be claimed now, out of which pools. What they should be is computed by the scheduler."""

from collections import defaultdict
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from baremetal_svc.db import rows
from baremetal_svc.db.models import Offer

OFFER = Offer.__table__.c


def add(conn: Connection, offers: Iterable[tuple[str, str, str, int]]) -> None:
    """Offer nodes: (node id, pool id, resource class, place in the order of the claim)."""
    values = [{"node_id": n, "pool_id": p, "resource_class": c, "rank": 0, "rnd": rnd} for n, p, c, rnd in offers]
    if values:
        conn.execute(sa.insert(Offer.__table__), values)


def remove(conn: Connection, offers: Iterable[tuple[str, str, str]]) -> None:
    """Offer nodes no longer: (node id, pool id, resource class)."""
    gone: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for node_id, pool_id, resource_class in offers:
        gone[resource_class].append((pool_id, node_id))
    for resource_class, pairs in sorted(gone.items()):
        rows.forget_pairs(conn, OFFER.pool_id, OFFER.node_id, pairs, (OFFER.resource_class, resource_class))
