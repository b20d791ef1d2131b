# SPDX-License-Identifier: Apache-2.0
"""The ports of the service: a Protocol per outside service and the values that cross it.

Every method may be called again with the same arguments: it finds what an earlier call did. All raise
:class:`~baremetal_svc.domain.errors.Unavailable` when the service cannot be reached, answers 5xx or keeps a node locked beyond the
retries (trying later may help), and :class:`~baremetal_svc.domain.errors.OutsideRefused` for a definite refusal.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from baremetal_svc.domain.observed import NodeSeen, PortSeen, VifSeen


@dataclass(frozen=True, slots=True)
class NodeView:
    """A node as Ironic's bulk listing shows it; names are Ironic's own."""

    id: str
    name: str | None
    provision_state: str
    target_provision_state: str | None
    power_state: str | None
    target_power_state: str | None
    instance_id: str | None
    maintenance: bool
    resource_class: str | None
    protected: bool = False
    retired: bool = False
    last_error: str | None = None
    traits: tuple[str, ...] = ()
    properties: Mapping[str, Any] = field(default_factory=dict)
    conductor_group: str = ""
    owner: str | None = None
    lessee: str | None = None
    shard: str | None = None
    fault: str | None = None
    provision_updated_at: str | None = None


@dataclass(frozen=True, slots=True)
class PortView:
    """A network card of a node, as Ironic knows it; ``switches``: names of the one at the other end, the telling one first."""

    node_id: str
    address: str
    pxe_enabled: bool
    physical_network: str | None
    switches: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ManageableView:
    """An active node that no instance_uuid names: somebody deployed it without us.

    ``ports``: ({"address", "uuid", "neutron_port_id"}, ...), ``portgroups`` have ``mode`` too.
    """

    id: str
    name: str | None
    resource_class: str
    power_state: str | None
    provision_state: str
    ports: tuple[Mapping[str, Any], ...]
    portgroups: tuple[Mapping[str, Any], ...]
    image_source: str | None


@dataclass(frozen=True, slots=True)
class NicView:
    """A Neutron port. ``fixed_ips``: ({"subnet_id", "ip_address"}, ...)."""

    id: str
    network_id: str
    project_id: str
    mac_address: str | None
    fixed_ips: tuple[Mapping[str, str], ...]
    device_id: str = ""


@dataclass(frozen=True, slots=True)
class FloatingIpView:
    """A floating IP; ``port_id`` None while it points at nothing."""

    id: str
    address: str
    port_id: str | None
    fixed_ip: str | None


@dataclass(frozen=True, slots=True)
class NetworkView:
    """A network that a port could be made on; ``subnet_ids`` may be empty."""

    id: str
    name: str
    project_id: str
    shared: bool
    subnet_ids: tuple[str, ...]
    mtu: int | None = None


@dataclass(frozen=True, slots=True)
class ImageView:
    """An image that a node can be deployed with. ``instance_info`` is what Ironic needs of it (image_source, checksum, ...).

    ``properties`` are what whoever made it says of it: os_distro, architecture, ...
    """

    id: str
    name: str
    status: str
    instance_info: Mapping[str, Any]
    size: int | None = None
    min_disk: int = 0
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def partition_image(self) -> bool:
        """An image of one partition comes with a kernel and a ramdisk; every other one is of a whole disk."""
        return bool(self.instance_info.keys() & {"kernel", "ramdisk"})


class Ironic(Protocol):
    """Bare metal. Source: Ironic API reference, microversion fixed by the adapter."""

    def list_nodes(self) -> Iterator[NodeView]:
        """All nodes, in pages of at most 1,000, only the fields of NodeView."""

    def list_ports(self) -> Iterator[PortView]:
        """All ports of all nodes, in pages."""

    def list_manageable(self) -> list[ManageableView]:
        """Nodes that could be adopted, in three bulk listings."""

    def survey_nodes(self) -> Iterator[NodeSeen]:
        """Whose each node is, in pages of at most 1,000."""

    def survey_vifs(self) -> Iterator[VifSeen]:
        """The Neutron ports that nodes carry, in pages of at most 1,000 ports and port groups."""

    def get_node(self, node_id: str) -> NodeView | None:
        """One node, or None when Ironic has none."""

    def bind_node(self, node_id: str, server_id: str, instance_info: Mapping[str, Any]) -> None:
        """Set ``instance_uuid`` to the server and add ``instance_info`` in one PATCH.

        :raises NodeHeldByAnother: when another ``instance_uuid`` is set.
        """

    def set_config_drive(self, node_id: str, server_id: str, config_drive: Mapping[str, Any]) -> None:
        """PATCH ``instance_info/configdrive`` = {"meta_data", "network_data", "user_data", "vendor_data"}, repeating ``instance_uuid``.

        :raises NodeHeldByAnother:
        """

    def set_image(self, node_id: str, server_id: str, instance_info: Mapping[str, Any]) -> None:
        """PATCH ``instance_info`` to another image: what an earlier image needs and this one does not is removed. The config drive stays.

        :raises NodeHeldByAnother:
        """

    def rebuild(self, node_id: str, server_id: str, provisioned_at: str | None, raid: Mapping[str, Any] | None = None) -> None:
        """Look, then PUT provision target ``rebuild``, as for deploy(); no-op when the provision state has changed since ``provisioned_at``
        (``provision_updated_at`` of an earlier look): it was asked for already.

        :raises NodeHeldByAnother: instance_uuid is not the server's.
        :raises OutsideRefused: the node is in a state from which it cannot be rebuilt.
        """

    def unbind_node(self, node_id: str, server_id: str) -> None:
        """Clear ``instance_uuid`` and ``instance_info`` of a node that was never deployed; no-op when ours is not set."""

    def abandon_node(self, node_id: str, server_id: str) -> None:
        """Clear ``instance_uuid`` of an active node and leave it running as it is; no-op when ours is not set."""

    def attach_vif(self, node_id: str, server_id: str, port_id: str) -> None:
        """Attach the Neutron port; no-op when it is attached to this node already.

        :raises NodeHeldByAnother:
        """

    def detach_vifs(self, node_id: str, port_ids: Sequence[str]) -> None:
        """Detach those of the ports that are attached to the node; others and a missing node are no-ops."""

    def list_vifs(self, node_id: str) -> list[str]:
        """Ids of the Neutron ports attached to the node."""

    def deploy(self, node_id: str, server_id: str, raid: Mapping[str, Any] | None = None) -> None:
        """Look, then PUT provision target ``active``; no-op when deploying or active for this server.

        :param raid: a target RAID configuration that is applied before the image is written; without one nothing is in the request.
        :raises NodeHeldByAnother: instance_uuid is not the server's.
        :raises OutsideRefused: the node is in a state from which it cannot be deployed.
        """

    def undeploy(self, node_id: str, server_id: str) -> bool:
        """Look, then PUT provision target ``deleted``; True when accepted, under way or not needed (not ours any more, or available),
        False when the node is in a state that must end first (deploying). A node without instance_uuid that is in ``error``, ``active`` or
        ``deploy failed`` is one whose tear-down failed, or that a late request deployed: it is asked again. For holders of a claim only."""

    def protect(self, node_id: str, server_id: str, reason: str) -> None:
        """PATCH ``protected`` and ``protected_reason``, repeating ``instance_uuid``.

        :raises NodeHeldByAnother:
        """

    def unprotect(self, node_id: str, server_id: str) -> None:
        """Clear ``protected``; no-op when it is not set or the node is not ours."""

    def set_power(self, node_id: str, server_id: str, target: str) -> None:
        """Look, then PUT power ``power on|power off|rebooting|soft power off|soft rebooting``.

        :raises NodeHeldByAnother:
        """

    def ping(self) -> None:
        """Ask for the API's root; raises Unavailable when it does not answer."""


class Neutron(Protocol):
    """Networks and ports, as the service user on behalf of a project.

    What takes a ``token`` is asked in the name of its owner, so that Neutron's policies decide as well; with None the service user asks.
    """

    def get_network(self, network_id: str, project_id: str, token: str | None = None) -> NetworkView | None:
        """The network if the project may use it (its own or shared), else None."""

    def find_port(self, server_id: str, claim_id: str, index: int) -> NicView | None:
        """The port that create_port with the same key made, or None."""

    def create_port(
        self, *, server_id: str, claim_id: str, index: int, network_id: str, project_id: str, mac_address: str | None, hostname: str
    ) -> NicView:
        """Create the port, or return the one that exists under the natural key (server, claim, index).

        ``device_id`` is the server's, ``name`` carries claim and index. :raises OutsideRefused: quota, unknown network, MAC in use.
        """

    def attach_port(self, port_id: str, *, server_id: str, project_id: str) -> NicView:
        """Take a port that the project made: check its owner and that it is free, set its device_id; no-op when it is ours.

        :raises OutsideRefused: missing, another project's, or in use by another device.
        """

    def get_port(self, port_id: str, token: str | None = None) -> NicView | None:
        """One port, or None."""

    def list_ports(self, server_id: str, claim_id: str | None = None) -> list[NicView]:
        """Ports with the server's device_id; with a claim only those that create_port made for it."""

    def survey_ports(self) -> Iterator[PortSeen] | None:
        """All ports that create_port made or attach_port took and that still name a server, in pages of at most 1,000.

        None where ports are remembered nowhere: that none is listed says nothing then.
        """

    def release_port(self, port_id: str, *, preserve: bool) -> None:
        """Delete the port, or only unbind it and clear its device_id when it must be preserved; a missing one is no error."""

    def disown_port(self, port_id: str) -> None:
        """Clear the device_id of a port and leave it bound: the machine goes on using it; a missing one is no error."""

    def find_floating_ip(self, address: str, project_id: str, token: str | None = None) -> FloatingIpView | None:
        """The project's floating IP of that address, or None.

        :raises OutsideRefused: it has several.
        """

    def set_floating_ip(self, floating_ip_id: str, port_id: str | None, fixed_ip: str | None, token: str | None = None) -> None:
        """Point the floating IP at a port and one of its addresses, or at nothing (None); again is a no-op."""

    def ping(self) -> None:
        """Raises Unavailable when the API does not answer."""


class Images(Protocol):
    """Images, by id."""

    def get_image(self, image_id: str, project_id: str, token: str | None = None) -> ImageView | None:
        """The image if the project may use it, else None; asked in the name of the token's owner, or as the service user."""

    def ping(self) -> None:
        """Raises Unavailable when the service does not answer."""


class Limits(Protocol):
    """Limits that Keystone keeps for services ("unified limits")."""

    def of_project(self, project_id: str) -> Mapping[str, int]:
        """By resource: the project's own limit, else the one registered for this service; negative: unlimited."""


@dataclass(frozen=True, slots=True)
class Gateways:
    """What the composition root injects into services and tasks, by these names."""

    ironic: Ironic
    neutron: Neutron
    images: Images
    limits: Limits
