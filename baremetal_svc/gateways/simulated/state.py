# SPDX-License-Identifier: Apache-2.0
"""What the simulated world is made of: plain mutable records, changed only under the world's lock."""

from dataclasses import dataclass, field
from typing import Any

from baremetal_svc.gateways.protocols import FloatingIpView, NetworkView, NicView, NodeView, PortView


@dataclass(slots=True)
class SimulatedNode:
    """A machine; ``ends_at`` is the tick at which what is under way ends, None when nothing is. A ``raid`` stays when its server goes."""

    id: str
    name: str
    resource_class: str | None
    cards: list[PortView]
    traits: tuple[str, ...] = ()
    properties: dict[str, Any] = field(default_factory=dict)
    conductor_group: str = ""
    owner: str | None = None
    lessee: str | None = None
    shard: str | None = None
    fault: str | None = None
    provision_state: str = "available"
    provision_changes: int = 0
    target_provision_state: str | None = None
    power_state: str | None = "power off"
    target_power_state: str | None = None
    instance_id: str | None = None
    instance_info: dict[str, Any] = field(default_factory=dict)
    maintenance: bool = False
    protected: bool = False
    protected_reason: str | None = None
    retired: bool = False
    last_error: str | None = None
    vifs: list[str] = field(default_factory=list)
    ends_at: int | None = None
    power_ends_at: int | None = None
    locked_for: int = 0
    target_raid: dict[str, Any] = field(default_factory=dict)
    raid: dict[str, Any] = field(default_factory=dict)

    def view(self) -> NodeView:
        """As Ironic's listing shows it."""
        return NodeView(
            id=self.id,
            name=self.name,
            provision_state=self.provision_state,
            target_provision_state=self.target_provision_state,
            power_state=self.power_state,
            target_power_state=self.target_power_state,
            instance_id=self.instance_id,
            maintenance=self.maintenance,
            resource_class=self.resource_class,
            protected=self.protected,
            retired=self.retired,
            last_error=self.last_error,
            traits=self.traits,
            properties=dict(self.properties),
            conductor_group=self.conductor_group,
            owner=self.owner,
            lessee=self.lessee,
            shard=self.shard,
            fault=self.fault,
            provision_updated_at=f"change {self.provision_changes}",
        )


@dataclass(slots=True)
class SimulatedPort:
    """A Neutron port; ``name`` carries claim and index when the service made it, ``taken``: its device_owner is the service's."""

    id: str
    network_id: str
    project_id: str
    mac_address: str
    ip_address: str | None
    subnet_id: str | None
    device_id: str
    name: str
    taken: bool = False

    def view(self) -> NicView:
        """As Neutron shows it."""
        fixed = ({"subnet_id": self.subnet_id, "ip_address": self.ip_address},) if self.subnet_id and self.ip_address else ()
        return NicView(self.id, self.network_id, self.project_id, self.mac_address, fixed, self.device_id)


@dataclass(slots=True)
class SimulatedFloatingIp:
    """A floating IP of a project."""

    id: str
    address: str
    project_id: str
    port_id: str | None = None
    fixed_ip: str | None = None

    def view(self) -> FloatingIpView:
        """As Neutron shows it."""
        return FloatingIpView(self.id, self.address, self.port_id, self.fixed_ip)


@dataclass(slots=True)
class SimulatedNetwork:
    """A network with one subnet of 10.N.0.0/16 or none."""

    view: NetworkView
    number: int
    addresses_given: int = 0


@dataclass(slots=True)
class Fault:
    """Something that goes wrong the next ``times`` times; ``error`` None means that what was accepted ends badly."""

    what: str
    times: int
    node_id: str | None
    error: Exception | None
    after: bool
