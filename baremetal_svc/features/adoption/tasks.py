# SPDX-License-Identifier: Apache-2.0
"""The tasks of adoption. No task here asks Ironic for a change of provision state: the machine runs on, whatever fails."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.conductor.step import Step
from baremetal_svc.db import claims, nics, nodes, servers
from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.gateways.protocols import Ironic, Neutron
from baremetal_svc.scheduler import offers

FORWARD = "letting go only goes forward: asked again, it is completed"


class CheckNode(Step):
    """Look whether the node still runs and is nobody else's; undone, the claim that the request made is given up."""

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        node = ironic.get_node(node_id)
        if node is None or node.provision_state != "active" or node.instance_id not in (None, server_id):
            raise OutsideRefused("The machine is not active any more, or has become another's.")

    def revert(self, claim_id: str, node_id: str, **kwargs: Any) -> None:
        """Forget the claim; nothing is torn down."""
        self.run.transact(lambda conn: _forget(conn, claim_id, node_id))


class BindNode(Step):
    """Write the server into the node: from here Ironic itself refuses others."""

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        ironic.bind_node(node_id, server_id, {})

    def revert(self, ironic: Ironic, node_id: str, server_id: str, **kwargs: Any) -> None:
        """Take it out again, with the protection that a later step may have set."""
        ironic.unprotect(node_id, server_id)
        ironic.abandon_node(node_id, server_id)


class FindVifs(Step):
    """Ids of the ports that the node carries."""

    IRREVERSIBLE = "it only reads"

    def execute(self, ironic: Ironic, node_id: str) -> list[str]:
        return ironic.list_vifs(node_id)


class TakePorts(Step):
    """Note the server in those ports that name no device, all of which must be the project's; provides what is recorded of them.

    A machine that was let go keeps its ports, which their owner may have given another server since.
    """

    def execute(self, neutron: Neutron, server_id: str, project_id: str, port_ids: Sequence[str]) -> list[dict[str, Any]]:
        found = [port for port_id in port_ids if (port := neutron.get_port(port_id)) is not None]
        others = self.run.query(lambda conn: servers.known(conn, {port.device_id for port in found} - {server_id}))
        if elsewhere := [port.id for port in found if port.device_id in others]:
            hint = "Detach it from the machine in Ironic, or from that server, and adopt the machine again."
            raise OutsideRefused(f"Port {elsewhere[0]} of the machine serves another server.", hint=hint)
        foreign = [port.id for port in found if port.project_id != project_id]
        if foreign:
            raise OutsideRefused(f"Port {foreign[0]} belongs to another project.", hint="Adopt the machine into the project of its ports.")
        for port in found:
            if not port.device_id:
                neutron.attach_port(port.id, server_id=server_id, project_id=project_id)
        kept = ("id", "network_id", "mac_address")
        return [{**{name: getattr(port, name) for name in kept}, "fixed_ips": [dict(ip) for ip in port.fixed_ips]} for port in found]

    def revert(self, neutron: Neutron, server_id: str, port_ids: Sequence[str], **kwargs: Any) -> None:
        """Give those that name the server back."""
        _free_ports(neutron, server_id, port_ids)


class RecordAdoption(Step):
    """Write node, NICs and power state into the server's rows."""

    IRREVERSIBLE = "the rows of a server that failed are kept for its owner to see"

    def execute(self, server_id: str, node_id: str, ports: Sequence[dict[str, Any]]) -> None:
        def record(conn: Connection) -> None:
            known = {nic["port_id"] for nic in nics.of_server(conn, server_id)}
            for index, port in enumerate(ports):
                if port["id"] not in known:
                    nics.insert(conn, server_id, index, network_id=port["network_id"], requested_port_id=port["id"])
                columns = {name: port[name] for name in ("mac_address", "fixed_ips")}
                nics.set_columns(conn, server_id, index, port_id=port["id"], **columns)
            node = nodes.get(conn, node_id)
            power_state = None if node is None else node["power_state"]
            servers.set_columns(conn, server_id, node_id=node_id, power_state=power_state, launched_at=nodes.database_time(conn))

        self.run.transact(record)


class ClearProtection(Step):
    """Take away Ironic's protection."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        ironic.unprotect(node_id, server_id)


class AbandonNode(Step):
    """Take the server out of the node, which runs on."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        ironic.abandon_node(node_id, server_id)


class FreePorts(Step):
    """Take the server out of the ports, which stay bound: the machine goes on using them."""

    IRREVERSIBLE = FORWARD

    def execute(self, neutron: Neutron, server_id: str, port_ids: Sequence[str]) -> None:
        _free_ports(neutron, server_id, port_ids)


class ForgetClaim(Step):
    """Give up the claim."""

    IRREVERSIBLE = FORWARD

    def execute(self, claim_id: str, node_id: str) -> None:
        self.run.transact(lambda conn: _forget(conn, claim_id, node_id))


def _free_ports(neutron: Neutron, server_id: str, port_ids: Sequence[str]) -> None:
    for port_id in port_ids:
        port = neutron.get_port(port_id)
        if port is not None and port.device_id == server_id:
            neutron.disown_port(port_id)


def _forget(conn: Connection, claim_id: str, node_id: str) -> None:
    claims.forget(conn, claim_id)
    offers.recompute(conn, [node_id])
