# SPDX-License-Identifier: Apache-2.0
"""The protocol Neutron on the simulated world: MACs unique per network, a quota of ports per project, addresses in order."""

import re
from collections.abc import Iterator

from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.domain.observed import PortSeen
from baremetal_svc.gateways.protocols import FloatingIpView, NetworkView, NicView
from baremetal_svc.gateways.simulated.state import SimulatedFloatingIp, SimulatedNetwork, SimulatedPort
from baremetal_svc.gateways.simulated.world import World

_NAMED = re.compile(r"baremetal-svc/([^/]+)/(\d+)")


class SimulatedNeutron:
    """See the protocol."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get_network(self, network_id: str, project_id: str, token: str | None = None) -> NetworkView | None:
        """See the protocol."""
        with self._world.request("neutron", "get_network"):
            network = self._world.networks.get(network_id)
            visible = network is not None and (network.view.shared or network.view.project_id == project_id)
            return network.view if network and visible else None

    def find_port(self, server_id: str, claim_id: str, index: int) -> NicView | None:
        """See the protocol."""
        with self._world.request("neutron", "find_port"):
            return self._find(server_id, _name(claim_id, index))

    def _find(self, server_id: str, name: str) -> NicView | None:
        return next((port.view() for port in self._world.ports.values() if port.device_id == server_id and port.name == name), None)

    def create_port(
        self, *, server_id: str, claim_id: str, index: int, network_id: str, project_id: str, mac_address: str | None, hostname: str
    ) -> NicView:
        """See the protocol."""
        with self._world.request("neutron", "create_port") as accept:
            existing = self._find(server_id, _name(claim_id, index))
            if existing is not None:
                return existing
            port = self._make(network_id, project_id, mac_address, server_id, _name(claim_id, index))
            port.taken = True
            accept(server_id=server_id, claim_id=claim_id, index=index, network_id=network_id, project_id=project_id)
            self._world.ports[port.id] = port
            return port.view()

    def add_port(self, network_id: str, project_id: str, *, device_id: str = "") -> str:
        """Make a port as a tenant would, for a test to attach. Returns its id."""
        with self._world.lock:
            port = self._make(network_id, project_id, None, device_id, "the tenant's own")
            self._world.ports[port.id] = port
            return port.id

    def _make(self, network_id: str, project_id: str, mac_address: str | None, device_id: str, name: str) -> SimulatedPort:
        world = self._world
        network = world.networks.get(network_id)
        if network is None:
            raise OutsideRefused(f"Neutron refused: Network {network_id} could not be found.")
        if world.port_quota is not None and sum(port.project_id == project_id for port in world.ports.values()) >= world.port_quota:
            raise OutsideRefused("Neutron refused: Quota exceeded for resources: ['port'].")
        if mac_address and any(port.network_id == network_id and port.mac_address == mac_address for port in world.ports.values()):
            raise OutsideRefused(f"Neutron refused: MAC address {mac_address} is in use on network {network_id}.")
        port_id = world.new_id("port")
        mac = mac_address or "fa:16:3e:" + ":".join(port_id[at : at + 2] for at in (0, 2, 4))
        subnet_id, address = _address(network)
        return SimulatedPort(port_id, network_id, project_id, mac, address, subnet_id, device_id, name)

    def attach_port(self, port_id: str, *, server_id: str, project_id: str) -> NicView:
        """See the protocol."""
        with self._world.request("neutron", "attach_port") as accept:
            port = self._world.ports.get(port_id)
            if port is None or port.project_id != project_id:
                raise OutsideRefused(f"there is no port {port_id} in the project")
            if port.device_id not in ("", server_id):
                raise OutsideRefused(f"port {port_id} is in use by another device")
            if not port.device_id:
                accept(port_id=port_id, server_id=server_id, project_id=project_id)
                port.device_id, port.taken = server_id, True
            return port.view()

    def get_port(self, port_id: str, token: str | None = None) -> NicView | None:
        """See the protocol."""
        with self._world.request("neutron", "get_port"):
            port = self._world.ports.get(port_id)
            return port.view() if port else None

    def list_ports(self, server_id: str, claim_id: str | None = None) -> list[NicView]:
        """See the protocol."""
        prefix = _name(claim_id, "") if claim_id else ""
        with self._world.request("neutron", "list_ports"):
            return [port.view() for port in self._world.ports.values() if port.device_id == server_id and port.name.startswith(prefix)]

    def survey_ports(self) -> Iterator[PortSeen]:
        """See the protocol."""
        world = self._world
        return world.pages("neutron", "survey_ports", lambda: [_seen(port) for port in world.ports.values() if port.taken])

    def release_port(self, port_id: str, *, preserve: bool) -> None:
        """See the protocol."""
        with self._world.request("neutron", "release_port") as accept:
            port = self._world.ports.get(port_id)
            if port is None or (preserve and not port.device_id):
                return
            accept(port_id=port_id, preserve=preserve)
            if preserve:
                port.device_id, port.taken = "", False
            else:
                del self._world.ports[port_id]
            for floating_ip in self._world.floating_ips.values():
                if floating_ip.port_id == port_id and not preserve:
                    floating_ip.port_id = floating_ip.fixed_ip = None

    def disown_port(self, port_id: str) -> None:
        """See the protocol."""
        with self._world.request("neutron", "disown_port") as accept:
            port = self._world.ports.get(port_id)
            if port is not None and port.device_id:
                accept(port_id=port_id)
                port.device_id, port.taken = "", False

    def find_floating_ip(self, address: str, project_id: str, token: str | None = None) -> FloatingIpView | None:
        """See the protocol."""
        with self._world.request("neutron", "find_floating_ip"):
            owned = (ip for ip in self._world.floating_ips.values() if ip.address == address and ip.project_id == project_id)
            return next((ip.view() for ip in owned), None)

    def set_floating_ip(self, floating_ip_id: str, port_id: str | None, fixed_ip: str | None, token: str | None = None) -> None:
        """See the protocol."""
        with self._world.request("neutron", "set_floating_ip") as accept:
            floating_ip = self._world.floating_ips[floating_ip_id]
            port = None if port_id is None else self._world.ports.get(port_id)
            if port_id is not None and (port is None or fixed_ip not in (None, port.ip_address)):
                raise OutsideRefused(f"Neutron refused: port {port_id} does not have the address {fixed_ip}.")
            accept(floating_ip_id=floating_ip_id, port_id=port_id)
            floating_ip.port_id, floating_ip.fixed_ip = port_id, None if port is None else port.ip_address

    def add_floating_ip(self, address: str, project_id: str) -> str:
        """Give a project a floating IP. Returns its id."""
        with self._world.lock:
            made = SimulatedFloatingIp(self._world.new_id("floating_ip"), address, project_id)
            self._world.floating_ips[made.id] = made
            return made.id

    def ping(self) -> None:
        """See the protocol."""
        with self._world.request("neutron", "ping"):
            pass


def _seen(port: SimulatedPort) -> PortSeen:
    named = _NAMED.fullmatch(port.name)
    claim_id, index = (named[1], int(named[2])) if named else (None, None)
    return PortSeen(port.id, port.network_id, port.device_id, claim_id, index)


def _name(claim_id: str, index: int | str) -> str:
    return f"baremetal-svc/{claim_id}/{index}"


def _address(network: SimulatedNetwork) -> tuple[str | None, str | None]:
    if not network.view.subnet_ids:
        return None, None
    network.addresses_given += 1
    host = network.addresses_given + 1
    return network.view.subnet_ids[0], f"10.{network.number & 255}.{host >> 8 & 255}.{host & 255}"
