# SPDX-License-Identifier: Apache-2.0
"""The use cases of connections. A change of one needs a server that stands, is unlocked and has no live operation."""

from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.api.connections import check_network, check_port, promise
from baremetal_svc.conductor import client
from baremetal_svc.db import claims, nics, nodes, operations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.configdrive import hostname
from baremetal_svc.domain.errors import Conflict, Invalid, NotFound, existing
from baremetal_svc.domain.lifecycle import check_allowed
from baremetal_svc.domain.server import check_unlocked
from baremetal_svc.features.networks import rules


def page(call: Call, server_id: str) -> list[Row]:
    """The NICs of a server, with those that are being attached and without those that are being detached. :raises NotFound:"""

    def work(conn: Connection) -> list[Row]:
        existing(servers.get(conn, server_id, call.visible_project), "server", server_id)
        return [nic for nic in nics.of_server(conn, server_id) if not nic["detaching"]]

    return call.services.db.query(work)


def attach(call: Call, server_id: str) -> str:
    """Enqueue the attachment of a network or port; the operation's id.

    :raises NotFound: server, network or port. :raises Conflict: status, lock, no free network card, port in use.
    """
    server, _ = call.services.db.query(lambda conn: _changeable(conn, call, server_id, "networks.attach"))
    wanted = _checked_outside(call, server["project_id"])

    def work(conn: Connection) -> str:
        row, node = _changeable(conn, call, server_id, "networks.attach")
        promise(conn, [wanted["port_id"]] if "port_id" in wanted else [], row["project_id"])
        known = nics.of_server(conn, server_id)
        if len(known) >= len(node["ports"]):
            raise Conflict(f"The machine has {len(node['ports'])} network cards, all in use.", hint="Detach a port first.")
        held = existing(claims.live_of(conn, server_id), "machine of server", server_id)
        index = rules.next_index(known)
        nics.insert(conn, server_id, index, **({"requested_port_id": wanted["port_id"]} if "port_id" in wanted else wanted))
        arguments = {
            "server_id": server_id,
            "node_id": node["id"],
            "claim_id": held["id"],
            "nic_index": index,
            "nic": wanted,
            "hostname": hostname(row["name"], server_id),
        }
        return client.enqueue(conn, call, "networks.attach", server_id, arguments)

    return _enqueued(call, work)


def detach(call: Call, server_id: str, port_id: str) -> str:
    """Enqueue the detachment of a port; the operation's id. :raises NotFound: server or port. :raises Conflict: status, lock."""

    def work(conn: Connection) -> str:
        _, node = _changeable(conn, call, server_id, "networks.detach")
        found = (nic for nic in nics.of_server(conn, server_id) if nic["port_id"] == port_id)
        nic = existing(next(found, None), "port of this server", port_id)
        nics.set_columns(conn, server_id, nic["nic_index"], detaching=True)
        arguments = {
            "server_id": server_id,
            "node_id": node["id"],
            "nic_index": nic["nic_index"],
            "port_id": port_id,
            "preserve": nic["requested_port_id"] is not None,
        }
        return client.enqueue(conn, call, "networks.detach", server_id, arguments)

    return _enqueued(call, work)


def associate(call: Call, server_id: str) -> None:
    """Point a floating IP of the project at an address of the server: one call to Neutron in the caller's name.

    :raises NotFound: server or floating IP. :raises Conflict: it points elsewhere, or the server is not in a status for it.
    :raises Invalid: the server does not have the fixed address, or none that is free.
    """
    address, fixed = call.body["address"], call.body.get("fixed_address")
    row, _ = call.services.db.query(lambda conn: _changeable(conn, call, server_id, "networks.attach"))
    found = rules.reachable(page(call, server_id), address, fixed)
    if found is None or found[0]["port_id"] is None:
        raise Invalid(f"The server has no {'free IPv4 address' if fixed is None else f'address {fixed}'} to point it at.")
    nic, fixed = found
    neutron, token = call.services.gateways.neutron, call.context.auth_token
    floating_ip = existing(neutron.find_floating_ip(address, row["project_id"], token), "floating IP", address)
    if floating_ip.port_id not in (None, nic["port_id"]):
        raise Conflict(f"Floating IP {address} points at another port.", hint="Take it away there first.")
    neutron.set_floating_ip(floating_ip.id, nic["port_id"], fixed, token)
    _note(call, server_id, nic, address)


def disassociate(call: Call, server_id: str, address: str) -> None:
    """Take a floating IP away from a server. :raises NotFound: the server does not have it. :raises Conflict: status, lock."""
    row, _ = call.services.db.query(lambda conn: _changeable(conn, call, server_id, "networks.detach"))
    neutron, token = call.services.gateways.neutron, call.context.auth_token
    floating_ip = neutron.find_floating_ip(address, row["project_id"], token)
    held = rules.holders(page(call, server_id), address, None if floating_ip is None else floating_ip.port_id)
    if not held:
        raise NotFound(f"The server has no floating IP {address}.")
    # Somebody may have given it back or pointed it elsewhere meanwhile: then there is nothing of ours to undo.
    if floating_ip is not None and floating_ip.port_id in {nic["port_id"] for nic in held}:
        neutron.set_floating_ip(floating_ip.id, None, None, token)
    for nic in held:
        if nic["floating_ip"] == address:
            _note(call, server_id, nic, None)


def _note(call: Call, server_id: str, nic: Row, address: str | None) -> None:
    call.services.db.transact(lambda conn: nics.set_columns(conn, server_id, nic["nic_index"], floating_ip=address))


def _changeable(conn: Connection, call: Call, server_id: str, kind: str) -> tuple[Row, Row]:
    """The server, locked for this transaction, and its node. :raises NotFound: :raises Conflict:"""
    row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
    check_unlocked(row, is_operator=call.context.is_operator)
    if operations.live_of(conn, server_id) or operations.live_delete_of(conn, server_id):
        raise client.in_progress(conn, server_id)
    check_allowed(kind, row["status"])
    node = None if row["node_id"] is None else nodes.get(conn, row["node_id"])
    if node is None:
        raise Conflict(f"Server {server_id} has no machine.", hint="Delete it and create it again.")
    return row, node


def _checked_outside(call: Call, project: str) -> dict[str, str]:
    """What was asked for, once Neutron has it for this project. :raises NotFound: :raises Invalid: :raises Conflict:"""
    if "net_id" in call.body:
        network_id = call.body["net_id"].lower()
        check_network(call, network_id, project)
        return {"network_id": network_id}
    port_id = call.body["port_id"].lower()
    check_port(call, port_id, project)
    return {"port_id": port_id}


def _enqueued(call: Call, work: Any) -> str:
    operation_id: str = call.services.db.transact(work)
    call.services.wake(operation_id)
    return operation_id
