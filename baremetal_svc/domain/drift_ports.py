# SPDX-License-Identifier: Apache-2.0
"""Drift between our NICs, Neutron's ports and the VIFs of nodes. One function for each kind.

Only ports with our device_owner are seen at all: every other one is another system's.
"""

from collections.abc import Iterator
from typing import Any

from baremetal_svc.domain.drift_rows import RUNS
from baremetal_svc.domain.observed import Finding, PortSeen, Repair, Seen


def ports_without_server(seen: Seen) -> Iterator[Finding]:
    """A port serves a server that is gone."""
    for port in _orphans(seen):
        if port.id not in seen.outside.vif_of:
            safe = seen.created_here(port.device_id)
            detail = f"Port {port.id} serves server {port.device_id}, which is not there."
            proposal = (
                _port_proposal(port) if safe else "No operation of ours made it: delete it if no other installation uses this Neutron."
            )
            yield Finding(
                "port_without_server",
                "server",
                port.device_id,
                detail,
                proposal,
                Repair.SAFE if safe else Repair.MANUAL,
                frozenset({port.device_id, *([port.claim_id] if port.claim_id else ())}),
                _port_facts(port),
            )


def vifs_without_server(seen: Seen) -> Iterator[Finding]:
    """A node carries the port of a server that is gone."""
    orphans = {port.id: port for port in _orphans(seen)}
    for vif in seen.outside.vifs or ():
        port, node = orphans.get(vif.port_id), (seen.outside.nodes or {}).get(vif.node_id)
        if port is None or node is None or node.instance_id == port.device_id:
            continue  # what carries the server itself is torn down as a whole
        free = node.instance_id is None and node.id not in seen.rows.holder
        safe = free and seen.created_here(port.device_id)
        detail = f"Ironic has a port of a server that is not there on a machine: node {node.id} carries port {port.id}."
        by_hand = "The node is another's now, or no operation of ours made the port: detach it by hand."
        yield Finding(
            "vif_without_server",
            "server",
            port.device_id,
            detail,
            f"Detach it. {_port_proposal(port)}" if safe else by_hand,
            Repair.SAFE if safe else Repair.MANUAL,
            frozenset({port.device_id, node.id, *([port.claim_id] if port.claim_id else ())}),
            {**_port_facts(port), "node_id": node.id},
        )


def vifs_on_free_nodes(seen: Seen) -> Iterator[Finding]:
    """A node that nobody has carries a port: the next server on it would want the card."""
    orphans = {port.id for port in _orphans(seen)}
    for vif in seen.outside.vifs or ():
        node, port = (seen.outside.nodes or {}).get(vif.node_id), (seen.outside.ports or {}).get(vif.port_id)
        if node is None or vif.port_id in orphans or node.id not in seen.rows.nodes or node.id in seen.rows.holder:
            continue
        if node.provision_state == "available" and node.instance_id is None:
            detail = f"Ironic has a port on a machine that nobody holds: node {node.id} carries port {vif.port_id}."
            proposal = f'Detach it: "baremetal node vif detach {node.id} {vif.port_id}". The node is not offered until then.'
            about = frozenset({node.id, *([port.device_id] if port else ())})
            # An attach that came late, of a port that has been deleted since; whether it has, the repair asks.
            repair = Repair.MANUAL if port else Repair.SAFE
            yield Finding("vif_on_free_node", "node", node.id, detail, proposal, repair, about, {"port_id": vif.port_id})


def ports_without_nic(seen: Seen) -> Iterator[Finding]:
    """A port that we made for a server that is there serves none of its NICs."""
    for port in (seen.outside.ports or {}).values():
        if port.claim_id is None or port.device_id not in seen.rows.servers or port.id in seen.rows.nic_ports:
            continue
        safe = port.id not in seen.outside.vif_of
        detail = f"Port {port.id} names this server and serves none of its network connections."
        yield Finding(
            "port_without_nic",
            "server",
            port.device_id,
            detail,
            _port_proposal(port) if safe else "The machine carries it: see whether it is used, then detach and delete it by hand.",
            Repair.SAFE if safe else Repair.MANUAL,
            frozenset({port.device_id, port.claim_id}),
            _port_facts(port),
        )


def nics_without_port(seen: Seen) -> Iterator[Finding]:
    """The port of a NIC is gone, or names another device. Adopted machines keep ports that name what they named before."""
    for nic in seen.rows.nics.values():
        server = seen.rows.servers.get(nic.server_id)
        if server is None or server.status not in RUNS or server.adopted or nic.detaching or nic.port_id is None:
            continue
        port = (seen.outside.ports or {}).get(nic.port_id)
        if port is None or port.device_id != server.id:
            detail = f"Port {nic.port_id} of network connection {nic.position} is not there or names another device."
            proposal = "Remove the connection from the server and add one anew."
            yield Finding("nic_without_port", "server", server.id, detail, proposal, about=frozenset({server.id}))


def _orphans(seen: Seen) -> Iterator[PortSeen]:
    """Ports of servers that are gone, and whose claims are gone as well: those release them."""
    for port in (seen.outside.ports or {}).values():
        if port.device_id not in seen.rows.servers and port.device_id not in seen.rows.claims_of:
            yield port


def _port_proposal(port: PortSeen) -> str:
    return "Give the port back to its project." if port.claim_id is None else "Delete the port."


def _port_facts(port: PortSeen) -> dict[str, Any]:
    return {"port_id": port.id, "own": port.claim_id is None}
