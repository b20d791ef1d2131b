# SPDX-License-Identifier: Apache-2.0
"""The inventory: our rows of nodes brought in line with one bulk listing of Ironic, never one request per node."""

import itertools
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.db import nodes, servers
from baremetal_svc.db.session import Database
from baremetal_svc.domain.node import is_settled
from baremetal_svc.gateways.protocols import Ironic, NodeView, PortView
from baremetal_svc.scheduler.offers import recompute

LOG = logging.getLogger(__name__)

Ports = Mapping[str, list[dict[str, Any]]]


def sync(db: Database, ironic: Ironic, *, with_ports: bool) -> list[str]:
    """List Ironic once and write what changed; ids of the operations that were woken by it.

    :param with_ports: list the ports as well: they change seldom.
    :raises Unavailable: Ironic or the database is away; nothing is concluded from a listing that broke off.
    """
    begun = db.query(nodes.database_time)
    ports = _by_node(ironic.list_ports()) if with_ports else None
    for batch in _batches(ironic.list_nodes(), nodes.CHUNK):
        db.transact(lambda conn, batch=batch: _write(conn, batch, ports, begun))  # type: ignore[misc]
    return db.transact(lambda conn: _conclude(conn, begun))


def _write(conn: Connection, batch: list[NodeView], ports: Ports | None, begun: float) -> None:
    known = nodes.observed(conn, [view.id for view in batch])
    changed = []
    for view in batch:
        row, values = known.get(view.id), columns(view)
        if row is not None and row["observed_at"] >= begun:
            continue  # another process has written a younger listing
        if ports is not None:
            values["ports"] = ports.get(view.id, [])
        if row is None:
            nodes.insert(conn, [{**values, "ports": values.get("ports", []), "id": view.id, "observed_at": begun, "hold_until": 0.0}])
        elif all(row[name] == value for name, value in values.items()):
            continue
        else:
            nodes.set_columns(conn, view.id, **values)
            if view.target_power_state is None and view.power_state != row["power_state"]:
                servers.observe_power(conn, view.id, view.power_state)
        changed.append(view.id)
    older = [view.id for view in batch if view.id not in known or known[view.id]["observed_at"] < begun]
    nodes.mark_observed(conn, older, begun)
    if changed:
        recompute(conn, changed)


def _conclude(conn: Connection, begun: float) -> list[str]:
    gone = nodes.unseen_since(conn, begun)
    for node_id in gone:
        LOG.warning("Node %s is not in Ironic's listing any more", node_id)
        nodes.set_columns(conn, node_id, gone=True, observed_at=begun)
    free = nodes.out_of_quarantine(conn)
    for node_id in free:
        nodes.set_columns(conn, node_id, hold_until=0.0)
    if gone or free:
        recompute(conn, [*gone, *free])
    return nodes.wake_waiting(conn)


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
        "failure_domain": str(view.properties.get("failure_domain", "")),
        "gone": False,
        "settled": is_settled(view.provision_state, view.target_power_state),
    }


def _by_node(ports: Iterable[PortView]) -> Ports:
    """Ports by node, those that boot from the network first: the order in which Ironic gives them to VIFs."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for port in sorted(ports, key=lambda p: (not p.pxe_enabled, p.address)):
        found[port.node_id].append({"address": port.address, "physical_network": port.physical_network})
    return found


def _batches(views: Iterable[NodeView], size: int) -> Iterable[list[NodeView]]:
    iterator = iter(views)
    while batch := list(itertools.islice(iterator, size)):
        yield batch
