# SPDX-License-Identifier: Apache-2.0
"""Looks at everything once: our rows, what Ironic and Neutron list, our rows again. What is away is said, never taken for empty."""

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection

from baremetal_svc.conductor import persistence
from baremetal_svc.db import nodes
from baremetal_svc.db import survey as rows_of
from baremetal_svc.db.session import Database
from baremetal_svc.domain import drift
from baremetal_svc.domain.errors import ServiceError
from baremetal_svc.domain.observed import Outside, Rows, Seen, VifSeen
from baremetal_svc.gateways.protocols import Ironic, Neutron
from baremetal_svc.scheduler import offers

LOG = logging.getLogger(__name__)
T = TypeVar("T")
#: From so many things that must be there on, an empty listing is doubted.
FEW = 10


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen. ``untold``: by service why it could not be told; ``looked_at``: how many of each."""

    seen: Seen
    untold: Mapping[str, str]
    looked_at: Mapping[str, int]


def take(db: Database, ironic: Ironic, neutron: Neutron, lease: float) -> Survey:
    """Look.

    :raises Unavailable: the database is away.
    """
    before = db.query(_read)
    untold: dict[str, str] = {}
    outside = _outside(ironic, neutron, untold)
    rows = db.query(_read)
    outside = _without_doubtful(outside, rows, untold)
    wanted = drift.unexplained(rows, outside)
    past = db.query(lambda conn: rows_of.past(conn, wanted))
    looked_at = {name: len(getattr(rows, name)) for name in ("operations", "claims", "servers", "nics", "nodes", "logbooks")}
    outer = {"ironic_nodes": outside.nodes, "ironic_vifs": outside.vifs, "neutron_ports": outside.ports}
    looked_at |= {name: len(found) for name, found in outer.items() if found is not None}
    return Survey(Seen(before, outside, rows, past, lease), untold, looked_at)


def _outside(ironic: Ironic, neutron: Neutron, untold: dict[str, str]) -> Outside:
    def both() -> tuple[dict[str, Any] | None, tuple[VifSeen, ...]]:
        return _by_id(ironic.survey_nodes()), tuple(ironic.survey_vifs())

    listed, vifs = _listed("ironic", both, untold) or (None, None)
    return Outside(listed, vifs, _listed("neutron", lambda: _by_id(neutron.survey_ports()), untold))


def _without_doubtful(outside: Outside, rows: Rows, untold: dict[str, str]) -> Outside:
    """An empty listing where much must be there is no answer: a filter or a policy stands before it."""
    if outside.nodes == {} and len(rows.claims) >= FEW:
        untold["ironic"] = f"Ironic lists no node, while {len(rows.claims)} are held: may this service see them?"
        outside = Outside(None, None, outside.ports)
    made = sum(nic.port_id is not None and not nic.own for nic in rows.nics.values())
    if outside.ports == {} and made >= FEW:
        untold["neutron"] = f"Neutron lists no port, while {made} were made: may this service see them?"
        outside = Outside(outside.nodes, outside.vifs, None)
    return outside


def _read(conn: Connection) -> Rows:
    """In an order in which nothing is seen without what was there before it: a logbook's operation, a claim's server."""
    at = nodes.database_time(conn)
    logbooks = frozenset(conn.execute(sa.select(persistence.TABLES.logbooks.c.uuid)).scalars())
    operations, claims, servers = rows_of.operations(conn), rows_of.claims(conn), rows_of.servers(conn)
    known = rows_of.nodes(conn)
    chunks = (known[start : start + nodes.CHUNK] for start in range(0, len(known), nodes.CHUNK))
    return Rows(
        at=at,
        operations=operations,
        claims=claims,
        servers=servers,
        nics=rows_of.nics(conn, servers),
        nodes=frozenset(known),
        logbooks=logbooks,
        secrets=rows_of.secrets(conn),
        offers=frozenset(node_id for chunk in chunks for node_id in offers.disagreeing(conn, chunk)),
    )


def _listed(service: str, listing: Callable[[], T], untold: dict[str, str]) -> T | None:
    try:
        return listing()
    except ServiceError as error:
        LOG.warning("The survey goes on without %s: %s", service, error)
        untold[service] = str(error)
        return None


def _by_id(items: Iterable[Any] | None) -> dict[str, Any] | None:
    return None if items is None else {item.id: item for item in items}
