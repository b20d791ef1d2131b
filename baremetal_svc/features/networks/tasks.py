# SPDX-License-Identifier: Apache-2.0
"""The tasks of networks.attach and networks.detach. The NIC's row is the API's: a list shows at once what is being attached."""

from collections.abc import Mapping
from typing import Any

from baremetal_svc.conductor.step import Step
from baremetal_svc.db import nics, nodes
from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.features.networks import rules
from baremetal_svc.gateways.protocols import Ironic, Neutron

FORWARD = "a detach only goes forward: asked again, it is completed"


class ChooseCard(Step):
    """Choose a network card of the machine that no NIC has; provides its MAC. Undone, the NIC is forgotten."""

    def execute(self, server_id: str, node_id: str) -> str:
        node, known = self.run.query(lambda conn: (nodes.get(conn, node_id), nics.of_server(conn, server_id)))
        card = rules.free_card(node["ports"], known) if node is not None else None
        if card is None:
            raise OutsideRefused("The machine has no free network card.", hint="Detach a port first.")
        return card

    def revert(self, server_id: str, nic_index: int, **kwargs: Any) -> None:
        """Forget the NIC that was asked for."""
        self.run.transact(lambda conn: nics.forget(conn, server_id, nic_index))


class ConnectPort(Step):
    """Create the port with the card's MAC, or take the tenant's own one; provides the port."""

    def execute(
        self,
        neutron: Neutron,
        server_id: str,
        claim_id: str,
        project_id: str,
        nic_index: int,
        nic: Mapping[str, str],
        mac_address: str,
        hostname: str,
    ) -> dict[str, Any]:
        if "port_id" in nic:
            port = neutron.attach_port(nic["port_id"], server_id=server_id, project_id=project_id)
        else:
            port = neutron.create_port(
                server_id=server_id,
                claim_id=claim_id,
                index=nic_index,
                network_id=nic["network_id"],
                project_id=project_id,
                mac_address=mac_address,
                hostname=hostname,
            )
        return {"id": port.id, "network_id": port.network_id, "fixed_ips": [dict(ip) for ip in port.fixed_ips]}

    def revert(self, neutron: Neutron, server_id: str, claim_id: str, nic_index: int, nic: Mapping[str, str], **kwargs: Any) -> None:
        """Delete the port, or give the tenant's own one back. Found by its key, not by the result: a failed run may have made it."""
        if "port_id" in nic:
            own = neutron.get_port(nic["port_id"])
            if own is not None and own.device_id == server_id:
                neutron.release_port(own.id, preserve=True)
            return
        port = neutron.find_port(server_id, claim_id, nic_index)
        if port is not None:
            neutron.release_port(port.id, preserve=False)


class AttachVif(Step):
    """Attach the port to the node."""

    def execute(self, ironic: Ironic, node_id: str, server_id: str, port: Mapping[str, Any]) -> None:
        ironic.attach_vif(node_id, server_id, port["id"])

    def revert(self, ironic: Ironic, node_id: str, port: Mapping[str, Any], **kwargs: Any) -> None:
        """Detach it again."""
        ironic.detach_vifs(node_id, [port["id"]])


class RecordNic(Step):
    """Write the port and its addresses into the NIC's row."""

    IRREVERSIBLE = "the revert of ChooseCard forgets the whole row"

    def execute(self, server_id: str, nic_index: int, mac_address: str, port: Mapping[str, Any]) -> None:
        columns = {"port_id": port["id"], "network_id": port["network_id"], "mac_address": mac_address, "fixed_ips": port["fixed_ips"]}
        self.run.transact(lambda conn: nics.set_columns(conn, server_id, nic_index, **columns))


class DetachVif(Step):
    """Take the port off the node."""

    def execute(self, ironic: Ironic, node_id: str, port_id: str) -> None:
        ironic.detach_vifs(node_id, [port_id])

    def revert(self, server_id: str, nic_index: int, **kwargs: Any) -> None:
        """The NIC is listed again, so that its owner sees it and can ask once more; nothing is attached anew."""
        self.run.transact(lambda conn: nics.set_columns(conn, server_id, nic_index, detaching=False))


class ReleasePort(Step):
    """Delete the port, or give the tenant's own one back."""

    IRREVERSIBLE = FORWARD

    def execute(self, neutron: Neutron, server_id: str, port_id: str, preserve: bool) -> None:
        port = neutron.get_port(port_id)
        # It may serve another server since: only what carries our device_id is ours to let go.
        if port is not None and port.device_id == server_id:
            neutron.release_port(port_id, preserve=preserve)


class ForgetNic(Step):
    """Delete the NIC's row."""

    IRREVERSIBLE = FORWARD

    def execute(self, server_id: str, nic_index: int) -> None:
        self.run.transact(lambda conn: nics.forget(conn, server_id, nic_index))
