# SPDX-License-Identifier: Apache-2.0
"""Neutron through openstacksdk: ports made and taken by the service user on behalf of a project. Never binds a port; Ironic does.

A port that we made is found again by ``device_id`` (the server) and ``name`` (claim and index). Neutron does not keep that key unique: two
requests that overtake each other may leave two ports. find_port then answers the older, and list_ports shows both to whoever releases.
"""

import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

import openstack
from openstack import exceptions as sdk_errors
from oslo_config import cfg

from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.domain.observed import PortSeen
from baremetal_svc.gateways.protocols import FloatingIpView, NetworkView, NicView
from baremetal_svc.gateways.seen import Seen
from baremetal_svc.gateways.session import Refusal, Sender, TracedSession

DEVICE_OWNER = "baremetal:server"
PAGE = 1000
#: The one version that Neutron has. In the catalog the SDK adds it by itself.
VERSION = "v2.0"
_NAME = re.compile(r"baremetal-svc/([^/]+)/(\d+)")


class NeutronGateway:
    """The protocol Neutron; see there. One object serves all threads."""

    def __init__(self, session: TracedSession, conf: cfg.ConfigOpts) -> None:
        self._session = session
        self._conf = conf
        options = conf.neutron
        self._sender = Sender(
            "Neutron", (sdk_errors.SDKException,), text="details", attempts=options.retry_attempts, seconds=options.retry_seconds
        )
        self._lock = threading.Lock()
        self._made: Any = None
        self._names_in_dns: bool | None = None
        self._seen: Seen[NetworkView] = Seen()

    @property
    def _network(self) -> Any:
        # Made at the first call: it asks Keystone for the endpoint, and a service must start while Keystone is away.
        with self._lock:
            if self._made is None:
                connection = openstack.connection.Connection(session=self._session, oslo_conf=self._conf, service_types=["network"])
                own = self._conf.neutron.endpoint_override
                if own and not own.rstrip("/").endswith(VERSION):
                    # The SDK would ask Neutron for its versions. Where that failed it went on without one, for good: and to each request,
                    # also to delete a port, the answer was 404.
                    connection.config.set_service_value("endpoint_override", "network", f"{own.rstrip('/')}/{VERSION}")
                self._made = connection.network
            return self._made

    def get_network(self, network_id: str, project_id: str, token: str | None = None) -> NetworkView | None:
        """One GET, as the service user a second one for a network that is neither the project's nor everybody's; none when it was seen
        a moment ago.

        A batch of creates asks for one and the same network, and each answer costs Neutron as much as a port.
        """

        def ask() -> NetworkView | None:
            return self._look_at(network_id, project_id) if token is None else self._look_with(token, network_id, project_id)

        return self._seen.look((network_id, project_id), ask)

    def _look_at(self, network_id: str, project_id: str) -> NetworkView | None:
        network = self._found(lambda: self._network.get_network(network_id))
        if network is None:
            return None
        if network.project_id != project_id and not network.is_shared and not self._shared_with(network_id, project_id):
            return None
        return NetworkView(
            network.id, network.name or "", network.project_id or "", bool(network.is_shared), tuple(network.subnet_ids or ()), network.mtu
        )

    def _look_with(self, token: str, network_id: str, project_id: str) -> NetworkView | None:
        """To a tenant ``shared`` is true for networks that an RBAC policy shares with its project, too; an operator sees everybody's."""
        body = self._asked(token, "GET", f"/networks/{network_id}")
        raw = body and body["network"]
        if raw is None or not (raw["project_id"] == project_id or raw["shared"] or self._shared_with(network_id, project_id)):
            return None
        return NetworkView(raw["id"], raw["name"], raw["project_id"], raw["shared"], tuple(raw["subnets"]), raw.get("mtu"))

    def _shared_with(self, network_id: str, project_id: str) -> bool:
        """Whether an RBAC policy shares it with the project: to an admin, ``shared`` tells of those for everybody only."""
        policies = self._sender.read(
            lambda: list(self._network.rbac_policies(object_type="network", object_id=network_id, target_project_id=project_id))
        )
        return any(policy.action == "access_as_shared" for policy in policies)

    def find_port(self, server_id: str, claim_id: str, index: int) -> NicView | None:
        """One GET."""
        found = self._listed(device_id=server_id, name=_name(claim_id, index))
        return _view(min(found, key=lambda port: (port.created_at or "", port.id))) if found else None

    def create_port(
        self, *, server_id: str, claim_id: str, index: int, network_id: str, project_id: str, mac_address: str | None, hostname: str
    ) -> NicView:
        """One GET, one POST. The POST is not sent again here: an answer that was lost is found by the next call."""
        existing = self.find_port(server_id, claim_id, index)
        if existing is not None:
            return existing
        attributes: dict[str, Any] = {
            "network_id": network_id,
            "project_id": project_id,
            "device_id": server_id,
            "device_owner": DEVICE_OWNER,
            "name": _name(claim_id, index),
            "binding_vnic_type": "baremetal",
        }
        if mac_address:
            attributes["mac_address"] = mac_address
        if self._dns():
            attributes["dns_name"] = hostname
        return _view(self._sender.once(lambda: self._network.create_port(**attributes)))

    def _dns(self) -> bool:
        if self._names_in_dns is None:
            extensions = self._sender.read(lambda: list(self._network.extensions()))
            self._names_in_dns = any(extension.alias == "dns-integration" for extension in extensions)
        return self._names_in_dns

    def attach_port(self, port_id: str, *, server_id: str, project_id: str) -> NicView:
        """One GET, one PUT that Neutron refuses (412) when the port changed in between."""
        port = self._port(port_id)
        if port is None or port.project_id != project_id:
            raise OutsideRefused(f"there is no port {port_id} in the project", hint="Name a port of the server's own project.")
        if port.device_id == server_id:
            return _view(port)
        if port.device_id:
            raise OutsideRefused(f"port {port_id} is in use by another device", hint="Detach it there first, or name another port.")
        taken = {"device_id": server_id, "device_owner": DEVICE_OWNER}
        return _view(self._sender.once(lambda: self._network.update_port(port_id, if_revision=port.revision_number, **taken)))

    def get_port(self, port_id: str, token: str | None = None) -> NicView | None:
        """One GET."""
        if token is not None:
            body = self._asked(token, "GET", f"/ports/{port_id}")
            return None if body is None else _raw_view(body["port"])
        port = self._port(port_id)
        return _view(port) if port is not None else None

    def list_ports(self, server_id: str, claim_id: str | None = None) -> list[NicView]:
        """One GET."""
        prefix = _name(claim_id, "") if claim_id else ""
        return [_view(port) for port in self._listed(device_id=server_id) if (port.name or "").startswith(prefix)]

    def survey_ports(self) -> Iterator[PortSeen]:
        """One GET for each page."""
        query: dict[str, Any] = {"device_owner": DEVICE_OWNER, "limit": PAGE, "fields": ["id", "name", "device_id", "network_id"]}
        while True:
            body = self._sender.read(lambda: self._network.request("/ports", "GET", raise_exc=True, params=query).json())
            yield from (_seen(raw) for raw in body["ports"] if raw["device_id"])
            # By the link, not by the length: Neutron's own limit of a page may be lower than ours.
            if not any(link["rel"] == "next" for link in body.get("ports_links", ())):
                return
            query["marker"] = body["ports"][-1]["id"]

    def release_port(self, port_id: str, *, preserve: bool) -> None:
        """One DELETE or one PUT."""
        if not preserve:
            self._found(lambda: self._network.delete_port(port_id, ignore_missing=False), changes=True)
            return
        free = {"device_id": "", "device_owner": "", "binding_host_id": "", "binding_profile": {}}
        self._found(lambda: self._network.update_port(port_id, **free), changes=True)

    def disown_port(self, port_id: str) -> None:
        """One PUT."""
        self._found(lambda: self._network.update_port(port_id, device_id="", device_owner=""), changes=True)

    def find_floating_ip(self, address: str, project_id: str, token: str | None = None) -> FloatingIpView | None:
        """One GET."""
        body = self._asked(token, "GET", "/floatingips", params={"floating_ip_address": address, "project_id": project_id})
        found = [] if body is None else body["floatingips"]
        if len(found) > 1:
            raise OutsideRefused(f"the project has several floating IPs {address}", hint="Give back those that are not used.")
        return _floating_ip(found[0]) if found else None

    def set_floating_ip(self, floating_ip_id: str, port_id: str | None, fixed_ip: str | None, token: str | None = None) -> None:
        """One PUT."""
        wanted = {"port_id": port_id, **({"fixed_ip_address": fixed_ip} if port_id and fixed_ip else {})}
        self._asked(token, "PUT", f"/floatingips/{floating_ip_id}", json={"floatingip": wanted})

    def ping(self) -> None:
        """One GET of the versions, without retries."""
        self._sender.once(lambda: self._network.get("/", raise_exc=True))

    def _asked(self, token: str | None, method: str, path: str, **more: Any) -> Any:
        """The body of the answer to a request in the name of the token's owner, or of the service user; None for 404."""
        own = {} if token is None else {"headers": {"X-Auth-Token": token}, "authenticated": False}
        return self._found(lambda: self._network.request(path, method, raise_exc=True, **own, **more).json())

    def _port(self, port_id: str) -> Any:
        return self._found(lambda: self._network.get_port(port_id))

    def _listed(self, **query: str) -> list[Any]:
        return self._sender.read(lambda: list(self._network.ports(**query)))

    def _found(self, call: Any, *, changes: bool = False) -> Any:
        try:
            return self._sender.write(call) if changes else self._sender.read(call)
        except Refusal as refusal:
            if refusal.status == 404:
                return None
            raise


def _name(claim_id: str, index: int | str) -> str:
    return f"baremetal-svc/{claim_id}/{index}"


def _view(port: Any) -> NicView:
    addresses = tuple({"subnet_id": ip["subnet_id"], "ip_address": ip["ip_address"]} for ip in port.fixed_ips or ())
    return NicView(port.id, port.network_id, port.project_id or "", port.mac_address, addresses, port.device_id or "")


def _raw_view(raw: Mapping[str, Any]) -> NicView:
    addresses = tuple({"subnet_id": ip["subnet_id"], "ip_address": ip["ip_address"]} for ip in raw["fixed_ips"])
    return NicView(raw["id"], raw["network_id"], raw["project_id"], raw["mac_address"], addresses, raw["device_id"])


def _seen(raw: Mapping[str, Any]) -> PortSeen:
    named = _NAME.fullmatch(raw["name"])
    claim_id, index = (named[1], int(named[2])) if named else (None, None)
    return PortSeen(raw["id"], raw["network_id"], raw["device_id"], claim_id, index)


def _floating_ip(raw: Mapping[str, Any]) -> FloatingIpView:
    return FloatingIpView(raw["id"], raw["floating_ip_address"], raw["port_id"], raw["fixed_ip_address"])
