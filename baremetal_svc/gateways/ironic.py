# SPDX-License-Identifier: Apache-2.0
"""Ironic through python-ironicclient, with the guards of design 4.4: look before provision and power, and let Ironic refuse the rest.

Every PATCH names the server in a marker, ``replace /instance_info/baremetal_svc/<server>``: without it Ironic refuses (400), so neither a
freed nor a foreign node is changed (Ironic has no ``test``). It repeats ``instance_uuid``: Ironic refuses (409) to overwrite one, under the
node's lock. Open: the marker is evaluated when Ironic reads the node, the lock comes later (3 s at most by default); a node torn down *and*
bound by another in between would take a PATCH sent before. PUT and VIF calls have only our look before them.
"""

import functools
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ironicclient import client as ironic_client
from ironicclient import exc as ironic_errors
from oslo_config import cfg

from baremetal_svc.domain.errors import NodeHeldByAnother, OutsideRefused
from baremetal_svc.domain.node import STRAY
from baremetal_svc.domain.observed import NodeSeen, VifSeen
from baremetal_svc.gateways import ironic_views as views
from baremetal_svc.gateways.protocols import ManageableView, NodeView, PortView
from baremetal_svc.gateways.session import Refusal, Sender, TracedSession

API_VERSION = "1.95"
PAGE = 1000
MARKER = "baremetal_svc"
_FIELDS = (
    "uuid,name,provision_state,target_provision_state,power_state,target_power_state,instance_uuid,maintenance,resource_class,"
    "protected,retired,last_error,traits,properties,conductor_group,owner,lessee,shard,fault,provision_updated_at"
).split(",")
_PORT_FIELDS = ["node_uuid", "address", "pxe_enabled", "physical_network", "local_link_connection"]
_VIF_FIELDS = ["uuid", "node_uuid", "address", "internal_info", "extra"]
_SURVEY_FIELDS = ["uuid", "instance_uuid", "instance_info", "protected", "provision_state"]
_GUARD_FIELDS = (
    "uuid,provision_state,target_provision_state,power_state,target_power_state,instance_uuid,maintenance,protected,last_error,"
    "provision_updated_at"
).split(",")
_DEPLOYING = frozenset({"deploying", "wait call-back", "deploy hold", "active"})
# States of a node of ours in which Ironic takes target "deleted"; every other one has to end first.
_UNDEPLOYABLE = frozenset(
    "active,deploy failed,wait call-back,error,rescue,rescue wait,rescue failed,unrescue failed,service failed,service wait".split(",")
)
_REBUILDABLE = frozenset({"active", "deploy failed", "error"})
#: What images have Ironic told, now or before.
_OF_IMAGES = frozenset(
    "image_source,image_checksum,image_os_hash_algo,image_os_hash_value,image_disk_format,image_type,kernel,ramdisk,root_gb,ephemeral_gb,"
    "swap_mb,capabilities,preserve_ephemeral".split(",")
)
#: Once the agent runs (100) and before the image is written (80): steps in and out of band will do there.
_RAID_PRIORITY = 90
_RELEASED = frozenset({"available", "deleting", "cleaning", "clean wait", "clean failed", "clean hold", "manageable", "enroll"})
# What the client calls a power target, and whether it is soft.
_POWER = {
    "power on": ("on", False),
    "power off": ("off", False),
    "rebooting": ("reboot", False),
    "soft power off": ("off", True),
    "soft rebooting": ("reboot", True),
}
Patch = list[dict[str, Any]]


class IronicGateway:
    """The protocol Ironic; see there. One object serves all threads."""

    def __init__(self, session: TracedSession, options: cfg.ConfigOpts.GroupAttr) -> None:
        self._session = session
        self._options = options
        self._sender = Sender(
            "Ironic",
            (ironic_errors.ClientException,),
            text="message",
            attempts=options.retry_attempts,
            seconds=options.retry_seconds,
        )
        self._lock = threading.Lock()
        self._made: Any = None

    @property
    def _client(self) -> Any:
        # Made at the first call: it asks Keystone for the endpoint, and a service must start while Keystone is away.
        with self._lock:
            if self._made is None:
                options = self._options
                where = {"endpoint": options.endpoint_override} if options.endpoint_override else {}
                self._made = ironic_client.get_client(
                    "1",
                    session=self._session,
                    os_ironic_api_version=API_VERSION,
                    max_retries=0,
                    valid_interfaces=options.valid_interfaces,
                    region_name=options.region_name,
                    **where,
                )
            return self._made

    def list_nodes(self) -> Iterator[NodeView]:
        """All nodes in pages."""
        return (views.view(raw) for raw in self._pages("nodes", _FIELDS))

    def list_ports(self) -> Iterator[PortView]:
        """All ports in pages."""
        return (views.port(raw) for raw in self._pages("ports", _PORT_FIELDS))

    def _pages(self, what: str, fields: Sequence[str], query: str = "") -> Iterator[Mapping[str, Any]]:
        # Not client.node.list: it builds an object per node and keeps them all.
        url: str | None = f"/v1/{what}?limit={PAGE}&fields={','.join(fields)}&{query}".rstrip("&")
        while url:
            body = self._get_json(url)
            yield from body[what]
            following = body.get("next")
            # Only the query of the link: its host is Ironic's idea of itself, not always the way that we reach it.
            url = f"/v1/{what}?{following.partition('?')[2]}" if following else None

    def _get_json(self, url: str) -> Any:
        return self._sender.read(lambda: self._client.http_client.json_request("GET", url)[1])

    def list_manageable(self) -> list[ManageableView]:
        """Three listings: nodes, ports, port groups."""
        states = "provision_state=active&associated=false&maintenance=false"
        fields = ["uuid", "name", "resource_class", "power_state", "provision_state", "instance_info"]
        nodes = [raw for raw in self._pages("nodes", fields, states) if raw["resource_class"]]
        if not nodes:
            return []
        ports = views.vifs_by_node(self._pages("ports", [*_VIF_FIELDS, "portgroup_uuid"]))
        groups = views.vifs_by_node(self._pages("portgroups", [*_VIF_FIELDS, "mode"]))
        return [views.manageable(raw, ports.get(raw["uuid"], ()), groups.get(raw["uuid"], ())) for raw in nodes]

    def survey_nodes(self) -> Iterator[NodeSeen]:
        """All nodes in pages."""
        return (views.seen(raw, MARKER) for raw in self._pages("nodes", _SURVEY_FIELDS))

    def survey_vifs(self) -> Iterator[VifSeen]:
        """All ports, then all port groups, in pages."""
        for what in ("ports", "portgroups"):
            for raw in self._pages(what, ["node_uuid", "internal_info"]):
                vif = (raw["internal_info"] or {}).get("tenant_vif_port_id")
                if vif:
                    yield VifSeen(raw["node_uuid"], vif)

    def get_node(self, node_id: str) -> NodeView | None:
        """One node, or None."""
        return self._look(node_id, _FIELDS, self._sender.read)

    def _look(self, node_id: str, fields: list[str], send: Callable[..., Any]) -> NodeView | None:
        try:
            return views.view(send(lambda: self._client.node.get(node_id, fields=fields)).to_dict())
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise

    def _look_once(self, node_id: str) -> NodeView | None:
        return self._look(node_id, _GUARD_FIELDS, self._sender.once)

    def _look_at_ours(self, node_id: str, server_id: str) -> NodeView:
        node = self._look_once(node_id)
        if node is None or node.instance_id != server_id:
            raise _held(node_id)
        return node

    def bind_node(self, node_id: str, server_id: str, instance_info: Mapping[str, Any]) -> None:
        """One PATCH; Ironic itself refuses when another instance_uuid is set."""
        patch: Patch = [
            {"op": "add", "path": "/instance_uuid", "value": server_id},
            {"op": "add", "path": f"/instance_info/{MARKER}", "value": {server_id: True}},
            *_added(instance_info),
        ]
        try:
            self._patch(node_id, patch)
        except Refusal as refusal:
            if refusal.status != 409:
                raise
            node = self._look(node_id, _GUARD_FIELDS, self._sender.read)
            if node is None or node.instance_id is None:
                raise
            if node.instance_id != server_id:
                raise _held(node_id) from refusal
            # An earlier sending of ours won the lock in between: now it is a repetition.
            self._patch(node_id, patch)

    def set_config_drive(self, node_id: str, server_id: str, config_drive: Mapping[str, Any]) -> None:
        """One PATCH; Ironic builds the image from the parts at deploy time and masks them when asked for the node."""
        self._patch_ours(node_id, server_id, _added({"configdrive": dict(config_drive)}))

    def set_image(self, node_id: str, server_id: str, instance_info: Mapping[str, Any]) -> None:
        """Look, PATCH."""
        raw = self._sender.read(lambda: self._client.node.get(node_id, fields=["instance_info"])).to_dict()
        stale = sorted((_OF_IMAGES & raw["instance_info"].keys()) - instance_info.keys())
        removed: Patch = [{"op": "remove", "path": f"/instance_info/{key}"} for key in stale]
        self._patch_ours(node_id, server_id, [*removed, *_added(instance_info)])

    def rebuild(self, node_id: str, server_id: str, provisioned_at: str | None, raid: Mapping[str, Any] | None = None) -> None:
        """Look, PUT."""

        def step() -> None:
            node = self._look_at_ours(node_id, server_id)
            if node.provision_updated_at != provisioned_at:
                return
            if node.provision_state not in _REBUILDABLE:
                raise OutsideRefused(f"Ironic refused: node {node_id} cannot be rebuilt: it is {node.provision_state}")
            self._sender.once(lambda: self._client.node.set_provision_state(node_id, "rebuild", **_steps(raid)))

        self._sender.repeat(step)

    def unbind_node(self, node_id: str, server_id: str) -> None:
        """One PATCH; refused and hence nothing to do when the node is not ours."""
        cleared: Patch = [{"op": "remove", "path": "/instance_uuid"}, {"op": "replace", "path": "/instance_info", "value": {}}]
        try:
            self._patch(node_id, [_marker(server_id), *cleared])
        except Refusal as refusal:
            if refusal.status != 404 and self._is_ours(node_id, server_id):
                raise

    def abandon_node(self, node_id: str, server_id: str) -> None:
        """One PATCH; refused and hence nothing to do when the node is not ours."""
        cleared: Patch = [{"op": "remove", "path": "/instance_uuid"}, {"op": "remove", "path": f"/instance_info/{MARKER}"}]
        try:
            self._patch(node_id, [_marker(server_id), *cleared])
        except Refusal as refusal:
            if refusal.status != 404 and self._is_ours(node_id, server_id):
                raise

    def protect(self, node_id: str, server_id: str, reason: str) -> None:
        """One PATCH."""
        protected: Patch = [
            {"op": "replace", "path": "/protected", "value": True},
            {"op": "add", "path": "/protected_reason", "value": reason},
        ]
        self._patch_ours(node_id, server_id, protected)

    def unprotect(self, node_id: str, server_id: str) -> None:
        """One PATCH; Ironic clears the reason with it."""
        try:
            self._patch_ours(node_id, server_id, [{"op": "replace", "path": "/protected", "value": False}])
        except NodeHeldByAnother:
            return
        except Refusal as refusal:
            node = self._look(node_id, _GUARD_FIELDS, self._sender.read)
            if refusal.status != 404 and node is not None and node.protected:
                raise

    def _patch(self, node_id: str, patch: Patch) -> None:
        self._sender.write(lambda: self._client.node.update(node_id, patch))

    def _patch_ours(self, node_id: str, server_id: str, patch: Patch) -> None:
        try:
            self._patch(node_id, [_marker(server_id), {"op": "add", "path": "/instance_uuid", "value": server_id}, *patch])
        except Refusal as refusal:
            if refusal.status in (400, 409) and not self._is_ours(node_id, server_id):
                raise _held(node_id) from refusal
            raise

    def _is_ours(self, node_id: str, server_id: str) -> bool:
        node = self._look(node_id, _GUARD_FIELDS, self._sender.read)
        return node is not None and node.instance_id == server_id

    def attach_vif(self, node_id: str, server_id: str, port_id: str) -> None:
        """Look, POST. Ironic knows only of VIFs of the same node; that the port is not another's is Neutron's device_id."""

        def step() -> None:
            self._look_at_ours(node_id, server_id)
            self._sender.once(lambda: self._client.node.vif_attach(node_id, port_id))

        try:
            self._sender.repeat(step)
        except Refusal as refusal:
            if refusal.status != 409 or port_id not in self.list_vifs(node_id):
                raise

    def detach_vifs(self, node_id: str, port_ids: Sequence[str]) -> None:
        """One DELETE for each port; Ironic says 400 when it is not attached."""
        for port_id in port_ids:
            try:
                self._sender.write(functools.partial(self._client.node.vif_detach, node_id, port_id))
            except Refusal as refusal:
                if refusal.status == 404:
                    return
                if refusal.status != 400 or port_id in self.list_vifs(node_id):
                    raise

    def list_vifs(self, node_id: str) -> list[str]:
        """Ids of attached ports; the network interface ``noop`` remembers none. A missing node has none."""
        try:
            vifs = self._sender.read(lambda: self._client.node.vif_list(node_id))
        except Refusal as refusal:
            if refusal.status == 404:
                return []
            raise
        return [vif.id for vif in vifs]

    def deploy(self, node_id: str, server_id: str, raid: Mapping[str, Any] | None = None) -> None:
        """Look, PUT."""

        def step() -> None:
            node = self._look_at_ours(node_id, server_id)
            if node.provision_state in _DEPLOYING:
                return
            if node.provision_state != "available":
                raise OutsideRefused(
                    f"Ironic refused: node {node_id} cannot be deployed: {node.provision_state} ({node.last_error or 'no error given'})"
                )
            self._sender.once(lambda: self._client.node.set_provision_state(node_id, "active", **_steps(raid)))

        self._sender.repeat(step)

    def undeploy(self, node_id: str, server_id: str) -> bool:
        """Look, PUT."""

        def step() -> bool:
            node = self._look_once(node_id)
            # Ironic clears instance_uuid even when tear-down failed: a node in error without one is asked again.
            ours = node is not None and (node.instance_id == server_id or (node.instance_id is None and node.provision_state in STRAY))
            if node is None or not ours or node.provision_state in _RELEASED:
                return True
            if node.provision_state not in _UNDEPLOYABLE:
                return False
            self._sender.once(lambda: self._client.node.set_provision_state(node_id, "deleted"))
            return True

        return self._sender.repeat(step)

    def set_power(self, node_id: str, server_id: str, target: str) -> None:
        """Look, PUT."""
        state, soft = _POWER[target]
        reached = f"power {state}" if state != "reboot" else None

        def step() -> None:
            node = self._look_at_ours(node_id, server_id)
            # While it reboots a node, Ironic shows the target power on though the power is on.
            under_way = node.target_power_state == (reached or "power on")
            if under_way or (node.target_power_state is None and node.power_state == reached):
                return
            self._sender.once(lambda: self._client.node.set_power_state(node_id, state, soft=soft))

        self._sender.repeat(step)

    def ping(self) -> None:
        """One GET of /v1 without retries."""
        self._sender.once(lambda: self._client.http_client.json_request("GET", "/v1"))


def _marker(server_id: str) -> dict[str, Any]:
    return {"op": "replace", "path": f"/instance_info/{MARKER}/{server_id}", "value": True}


def _steps(raid: Mapping[str, Any] | None) -> dict[str, Any]:
    """What goes with a deploy. What is left of an earlier RAID goes: whether there is any is not known here."""
    if not raid:
        return {}
    arguments = {"raid_config": dict(raid), "delete_existing": True}
    return {"deploysteps": [{"interface": "raid", "step": "apply_configuration", "args": arguments, "priority": _RAID_PRIORITY}]}


def _added(instance_info: Mapping[str, Any]) -> Patch:
    return [
        {"op": "add", "path": f"/instance_info/{key.replace('~', '~0').replace('/', '~1')}", "value": value}
        for key, value in instance_info.items()
    ]


def _held(node_id: str) -> NodeHeldByAnother:
    return NodeHeldByAnother(f"Ironic refused: the instance_uuid of node {node_id} is not that of this server")
