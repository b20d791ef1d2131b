# SPDX-License-Identifier: Apache-2.0
"""The protocol Ironic on the simulated world: accepts and refuses what the real adapter together with Ironic 39 does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from baremetal_svc.domain.errors import NodeHeldByAnother, OutsideRefused, Unavailable
from baremetal_svc.domain.node import STRAY
from baremetal_svc.domain.observed import NodeSeen, VifSeen
from baremetal_svc.gateways.protocols import ManageableView, NodeView, PortView
from baremetal_svc.gateways.simulated import transitions
from baremetal_svc.gateways.simulated.state import SimulatedNode
from baremetal_svc.gateways.simulated.world import World

_MARKER = "baremetal_svc"
_UNDEPLOYABLE = ("active", "deploy failed", "error", "rescue")
_PASSING = ("deploying", "deleting", "cleaning")


class SimulatedIronic:
    """See the protocol."""

    def __init__(self, world: World) -> None:
        self._world = world

    def list_nodes(self) -> Iterator[NodeView]:
        """A listing as of now."""
        with self._world.request("ironic", "list_nodes"):
            if self._world.instant:
                self._world.settle()
            return iter([node.view() for node in self._world.nodes.values()])

    def list_ports(self) -> Iterator[PortView]:
        """The cards of all nodes."""
        with self._world.request("ironic", "list_ports"):
            return iter([card for node in self._world.nodes.values() for card in node.cards])

    def list_manageable(self) -> list[ManageableView]:
        """See the protocol."""
        with self._world.request("ironic", "list_manageable"):
            nodes = self._world.nodes.values()
            free = (node for node in nodes if node.provision_state == "active" and not node.instance_id and not node.maintenance)
            return [_manageable(node) for node in free if node.resource_class]

    def survey_nodes(self) -> Iterator[NodeSeen]:
        """See the protocol. Ends nothing that is under way."""
        world = self._world
        return world.pages("ironic", "survey_nodes", lambda: [_seen(node) for node in world.nodes.values()])

    def survey_vifs(self) -> Iterator[VifSeen]:
        """See the protocol."""
        world = self._world
        cards = world.pages("ironic", "survey_vifs", lambda: [pair for node in world.nodes.values() for pair in _cards(node)])
        return (VifSeen(node_id, vif) for node_id, vif in cards if vif)

    def get_node(self, node_id: str) -> NodeView | None:
        """One node."""
        with self._world.request("ironic", "get_node", node_id):
            node = self._world.nodes.get(node_id)
            if node is not None and self._world.instant:
                transitions.end_all(self._world, node)
            return node.view() if node else None

    def bind_node(self, node_id: str, server_id: str, instance_info: Mapping[str, Any]) -> None:
        """See the protocol."""
        with self._world.request("ironic", "bind_node", node_id) as accept:
            node = self._changed(node_id)
            if node.instance_id not in (None, server_id):
                raise _held(node_id)
            _refuse_in_passing(node)
            accept(node_id=node_id, server_id=server_id, instance_info=dict(instance_info))
            node.instance_id = server_id
            node.instance_info |= {**instance_info, _MARKER: {server_id: True}}

    def set_config_drive(self, node_id: str, server_id: str, config_drive: Mapping[str, Any]) -> None:
        """See the protocol."""
        with self._world.request("ironic", "set_config_drive", node_id) as accept:
            node = self._ours(node_id, server_id)
            _refuse_in_passing(node)
            accept(node_id=node_id, server_id=server_id, config_drive=dict(config_drive))
            node.instance_info["configdrive"] = dict(config_drive)

    def unbind_node(self, node_id: str, server_id: str) -> None:
        """See the protocol."""
        with self._world.request("ironic", "unbind_node", node_id) as accept:
            node = self._world.nodes.get(node_id)
            if node is None or node.instance_id != server_id:
                return
            self._changed(node_id)
            _refuse_in_passing(node)
            accept(node_id=node_id, server_id=server_id)
            node.instance_id, node.instance_info = None, {}

    def abandon_node(self, node_id: str, server_id: str) -> None:
        """See the protocol."""
        with self._world.request("ironic", "abandon_node", node_id) as accept:
            node = self._world.nodes.get(node_id)
            if node is None or node.instance_id != server_id:
                return
            self._changed(node_id)
            _refuse_in_passing(node)
            accept(node_id=node_id, server_id=server_id)
            node.instance_id = None
            del node.instance_info[_MARKER]

    def attach_vif(self, node_id: str, server_id: str, port_id: str) -> None:
        """See the protocol."""
        with self._world.request("ironic", "attach_vif", node_id) as accept:
            node = self._ours(node_id, server_id)
            _locked_in_passing(node)
            if port_id in node.vifs:
                return
            if len(node.vifs) >= len(node.cards):
                raise OutsideRefused(f"Ironic refused: Unable to attach VIF {port_id}, not enough free physical ports.")
            accept(node_id=node_id, server_id=server_id, port_id=port_id)
            node.vifs.append(port_id)

    def detach_vifs(self, node_id: str, port_ids: Sequence[str]) -> None:
        """See the protocol."""
        with self._world.request("ironic", "detach_vifs", node_id) as accept:
            node = self._world.nodes.get(node_id)
            attached = [port_id for port_id in port_ids if node is not None and port_id in node.vifs]
            if node is None or not port_ids:
                return
            _locked_in_passing(self._changed(node_id))
            if attached:
                accept(node_id=node_id, port_ids=attached)
                node.vifs = [vif for vif in node.vifs if vif not in attached]

    def list_vifs(self, node_id: str) -> list[str]:
        """See the protocol."""
        with self._world.request("ironic", "list_vifs", node_id):
            node = self._world.nodes.get(node_id)
            return list(node.vifs) if node else []

    def deploy(self, node_id: str, server_id: str, raid: Mapping[str, Any] | None = None) -> None:
        """See the protocol."""
        with self._world.request("ironic", "deploy", node_id) as accept:
            node = self._ours(node_id, server_id)
            if node.provision_state in ("deploying", "active"):
                return
            if node.provision_state != "available" or node.maintenance:
                raise OutsideRefused(
                    f"Ironic refused: node {node_id} cannot be deployed: {node.provision_state} ({node.last_error or 'no error given'})"
                )
            _check_traits(node)
            accept(node_id=node_id, server_id=server_id, **({"raid": dict(raid)} if raid else {}))
            node.target_raid = dict(raid or {})
            transitions.start(self._world, node, "deploy", "deploying", "active")

    def set_image(self, node_id: str, server_id: str, instance_info: Mapping[str, Any]) -> None:
        """See the protocol."""
        with self._world.request("ironic", "set_image", node_id) as accept:
            node = self._ours(node_id, server_id)
            _refuse_in_passing(node)
            accept(node_id=node_id, server_id=server_id, instance_info=dict(instance_info))
            kept = {name: value for name, value in node.instance_info.items() if name in (_MARKER, "configdrive", "traits")}
            node.instance_info = {**kept, **instance_info}

    def rebuild(self, node_id: str, server_id: str, provisioned_at: str | None, raid: Mapping[str, Any] | None = None) -> None:
        """See the protocol."""
        with self._world.request("ironic", "rebuild", node_id) as accept:
            node = self._ours(node_id, server_id)
            if node.view().provision_updated_at != provisioned_at:
                return
            if node.provision_state not in ("active", "deploy failed", "error") or node.maintenance:
                raise OutsideRefused(f"Ironic refused: node {node_id} cannot be rebuilt: it is {node.provision_state}")
            if node.protected:
                raise OutsideRefused(f"Ironic refused: Node {node_id} is protected and cannot be undeployed, rebuilt or deleted")
            _check_traits(node)
            accept(node_id=node_id, server_id=server_id, **({"raid": dict(raid)} if raid else {}))
            node.target_raid = dict(raid or {})
            transitions.start(self._world, node, "deploy", "deploying", "active")

    def undeploy(self, node_id: str, server_id: str) -> bool:
        """See the protocol."""
        with self._world.request("ironic", "undeploy", node_id) as accept:
            node = self._world.nodes.get(node_id)
            ours = node is not None and (node.instance_id == server_id or (node.instance_id is None and node.provision_state in STRAY))
            if node is None or not ours or node.provision_state in ("available", "deleting", "cleaning", "clean failed"):
                return True
            if node.provision_state not in _UNDEPLOYABLE:
                return False
            self._changed(node_id)
            if node.protected:
                raise OutsideRefused(f"Ironic refused: Node {node_id} is protected and cannot be undeployed, rebuilt or deleted")
            accept(node_id=node_id, server_id=server_id)
            transitions.start(self._world, node, "undeploy", "deleting", "available")
            return True

    def protect(self, node_id: str, server_id: str, reason: str) -> None:
        """See the protocol."""
        with self._world.request("ironic", "protect", node_id) as accept:
            node = self._ours(node_id, server_id)
            if node.provision_state not in ("active", "rescue"):
                raise OutsideRefused(f"Ironic refused: Node {node_id} can only be made protected in provision states 'active' or 'rescue'")
            accept(node_id=node_id, server_id=server_id, reason=reason)
            node.protected, node.protected_reason = True, reason

    def unprotect(self, node_id: str, server_id: str) -> None:
        """See the protocol."""
        with self._world.request("ironic", "unprotect", node_id) as accept:
            node = self._world.nodes.get(node_id)
            if node is None or node.instance_id != server_id or not node.protected:
                return
            self._changed(node_id)
            accept(node_id=node_id, server_id=server_id)
            node.protected, node.protected_reason = False, None

    def set_power(self, node_id: str, server_id: str, target: str) -> None:
        """See the protocol."""
        with self._world.request("ironic", "set_power", node_id) as accept:
            node = self._ours(node_id, server_id)
            reached = target.replace("soft ", "")
            if node.target_power_state == ("power on" if reached == "rebooting" else reached):
                return
            if node.target_power_state is None and node.power_state == reached:
                return
            _locked_in_passing(node)
            accept(node_id=node_id, server_id=server_id, target=target)
            transitions.start_power(self._world, node, target)

    def ping(self) -> None:
        """See the protocol."""
        with self._world.request("ironic", "ping"):
            pass

    def _changed(self, node_id: str) -> SimulatedNode:
        """The node that a request is about to change; refuses while the test keeps it locked."""
        node = self._world.nodes.get(node_id)
        if node is None:
            raise OutsideRefused(f"Ironic refused: Node {node_id} could not be found.")
        if node.locked_for:
            node.locked_for -= 1
            raise _locked(node_id)
        return node

    def _ours(self, node_id: str, server_id: str) -> SimulatedNode:
        known = self._world.nodes.get(node_id)
        if known is None or known.instance_id != server_id:
            raise _held(node_id)
        return self._changed(node_id)


def _seen(node: SimulatedNode) -> NodeSeen:
    return NodeSeen(node.id, node.instance_id, frozenset(node.instance_info.get(_MARKER, ())), node.protected, node.provision_state)


def _cards(node: SimulatedNode) -> list[tuple[str, str | None]]:
    """Each card with the VIF that it carries."""
    free = max(0, len(node.cards) - len(node.vifs))
    return [(node.id, vif) for vif in (*node.vifs, *[None] * free)]


def _manageable(node: SimulatedNode) -> ManageableView:
    vifs = [*node.vifs, *[None] * len(node.cards)]
    ports = tuple(
        {"address": card.address, "uuid": card.address, "neutron_port_id": vif} for card, vif in zip(node.cards, vifs, strict=False)
    )
    source = node.instance_info.get("image_source")
    return ManageableView(node.id, node.name, node.resource_class or "", node.power_state, node.provision_state, ports, (), source)


def _held(node_id: str) -> NodeHeldByAnother:
    return NodeHeldByAnother(f"Ironic refused: the instance_uuid of node {node_id} is not that of this server")


def _locked(node_id: str) -> Unavailable:
    return Unavailable(
        f"Ironic is busy: Node {node_id} is locked by host simulated, please retry after the current operation is completed."
    )


def _check_traits(node: SimulatedNode) -> None:
    missing = sorted(set(node.instance_info.get("traits", ())) - set(node.traits))
    if missing:
        raise OutsideRefused(f"Ironic refused: Cannot specify instance traits that are not also set on the node: {', '.join(missing)}")


def _refuse_in_passing(node: SimulatedNode) -> None:
    if node.provision_state in _PASSING:
        raise OutsideRefused(f"Ironic refused: Node {node.id} can not be updated while a state transition is in progress.")


def _locked_in_passing(node: SimulatedNode) -> None:
    # Ironic's conductor holds the node's lock while it works on it.
    if node.provision_state in _PASSING or node.power_ends_at is not None:
        raise _locked(node.id)
