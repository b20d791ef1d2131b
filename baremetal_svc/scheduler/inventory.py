# SPDX-License-Identifier: Apache-2.0
"""The inventory: our rows of nodes brought in line with one bulk listing of Ironic, never one request per node.

What a listing shows unchanged is not written, unless an operation waits for the node or an older listing may still write (see db.listings).
"""

import itertools
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from oslo_db.exception import DBError
from sqlalchemy import Connection

from baremetal_svc.db import listings, nodes, servers
from baremetal_svc.db.listings import Ticket
from baremetal_svc.db.rows import Row
from baremetal_svc.db.session import Database
from baremetal_svc.domain import failure_domain
from baremetal_svc.domain.errors import ServiceError, Unavailable
from baremetal_svc.domain.failure_domain import Switches
from baremetal_svc.domain.node import is_settled
from baremetal_svc.gateways.protocols import Ironic, NodeView, PortView
from baremetal_svc.scheduler.offers import recompute

LOG = logging.getLogger(__name__)

Ports = Mapping[str, list[dict[str, Any]]]


def sync(db: Database, ironic: Ironic, *, with_ports: bool, switches: Switches = MappingProxyType({})) -> list[str]:
    """List Ironic once and write what changed; ids of the operations that were woken by it.

    :param with_ports: list the ports as well: they change seldom. :param switches: failure domains by the switches behind ports.
    :raises Unavailable: Ironic or the database is away; nothing is concluded from a listing that broke off.
    """
    ticket = db.transact(listings.begin)
    try:
        ports = _by_node(ironic.list_ports()) if with_ports else None
        seen: set[str] = set()
        for batch in _batches(ironic.list_nodes(), nodes.CHUNK):
            db.transact(lambda conn, batch=batch: _write(conn, batch, ports, switches, ticket))  # type: ignore[misc]
            seen.update(view.id for view in batch)
        return db.transact(lambda conn: _conclude(conn, ticket, seen))
    except (ServiceError, DBError):
        _give_up(db, ticket)
        raise


def _give_up(db: Database, ticket: Ticket) -> None:
    try:
        db.transact(lambda conn: listings.give_up(conn, ticket))
    except Unavailable as error:
        LOG.warning("A listing that broke off is forgotten later: %s", error)


def _write(conn: Connection, batch: list[NodeView], ports: Ports | None, switches: Switches, ticket: Ticket) -> None:
    if not listings.alive(conn, ticket):
        raise Unavailable("The listing of Ironic took so long that it was taken for dead.")
    ids = [view.id for view in batch]
    known = nodes.observed(conn, ids)
    # What another process has written out of a younger listing stays.
    older = [view for view in batch if view.id not in known or known[view.id]["observed_at"] < ticket.begun]
    told = {view.id: _observed(view, ports, known.get(view.id), switches) for view in older}
    changed = [view for view in older if _is_new(known.get(view.id), told[view.id])]
    new = [view for view in changed if view.id not in known]
    noted = {view.id for view in older} if not listings.is_alone(conn, ticket) else nodes.waited_for(conn, ids)
    noted |= {view.id for view in changed}
    standing = [view.id for view in older if view.id in noted and view.id in known]
    # In the order in which everybody locks nodes: the updates would take them in any.
    nodes.lock(conn, standing)
    if new:
        more = {"observed_at": ticket.begun, "hold_until": 0.0}
        nodes.insert(conn, [{"id": view.id, "ports": [], **told[view.id], **more} for view in new])
    for view in changed:
        if view.id in known:
            nodes.set_observed(conn, view.id, **told[view.id])
            if view.target_power_state is None and view.power_state != known[view.id]["power_state"]:
                servers.observe_power(conn, view.id, view.power_state)
    nodes.mark_observed(conn, standing, ticket.begun)
    if changed:
        recompute(conn, [view.id for view in changed])


def _is_new(row: Row | None, told: Mapping[str, Any]) -> bool:
    if row is None:
        return True
    own = {} if row["failure_domain_set"] is None else {"failure_domain": row["failure_domain_set"]}
    return any(row[name] != value for name, value in {**told, **own}.items())


def _conclude(conn: Connection, ticket: Ticket, seen: set[str]) -> list[str]:
    if not listings.alive(conn, ticket):
        raise Unavailable("The listing of Ironic took so long that it was taken for dead.")
    gone = sorted(set(nodes.known_before(conn, ticket.begun)) - seen)
    for node_id in gone:
        LOG.warning("Node %s is not in Ironic's listing any more", node_id)
        nodes.set_columns(conn, node_id, gone=True, observed_at=ticket.begun)
    free = nodes.out_of_quarantine(conn)
    for node_id in free:
        nodes.set_columns(conn, node_id, hold_until=0.0)
    if gone or free:
        recompute(conn, [*gone, *free])
    listings.end(conn, ticket)
    return nodes.wake_waiting(conn)


def _observed(view: NodeView, ports: Ports | None, row: Row | None, switches: Switches) -> dict[str, Any]:
    """Columns that this listing tells of: of the ports only where they were listed."""
    cards = ports.get(view.id, []) if ports is not None else row["ports"] if row is not None else []
    path = failure_domain.of_ironic(view.properties, cards, switches)
    return {**columns(view), "failure_domain": path, **({} if ports is None else {"ports": cards})}


def columns(view: NodeView) -> dict[str, Any]:
    """What is written of a node that Ironic listed."""
    return {
        "name": view.name,
        "resource_class": view.resource_class,
        "provision_state": view.provision_state,
        "power_state": view.power_state,
        "target_power_state": view.target_power_state,
        "instance_id": view.instance_id,
        "maintenance": view.maintenance,
        "retired": view.retired,
        "protected": view.protected,
        "last_error": view.last_error,
        "traits": sorted(view.traits),
        "properties": dict(view.properties),
        "owner": view.owner,
        "lessee": view.lessee,
        "conductor_group": view.conductor_group,
        "shard": view.shard,
        "fault": view.fault,
        "failure_domain": failure_domain.of_properties(view.properties),
        "gone": False,
        "settled": is_settled(view.provision_state, view.target_power_state),
    }


def _by_node(ports: Iterable[PortView]) -> Ports:
    """Ports by node, those that boot from the network first: the order in which Ironic gives them to VIFs."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for port in sorted(ports, key=lambda p: (not p.pxe_enabled, p.address)):
        switches = {"switches": list(port.switches)} if port.switches else {}
        found[port.node_id].append({"address": port.address, "physical_network": port.physical_network, **switches})
    return found


def _batches(views: Iterable[NodeView], size: int) -> Iterable[list[NodeView]]:
    iterator = iter(views)
    while batch := list(itertools.islice(iterator, size)):
        # A node may come twice where pages shift.
        yield list({view.id: view for view in batch}.values())
