# SPDX-License-Identifier: Apache-2.0
"""Every contract test runs against the simulated world, and with BAREMETAL_SVC_REAL=1 against the services of devstack.local too.

What is missing then is a failure, never a skip. Tests share the real services: each makes its own nodes, and removes them.
"""

import dataclasses
import itertools
import os
import time
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from oslo_config import cfg

from baremetal_svc.conf import gateways as options
from baremetal_svc.gateways import protocols, real, session, simulated
from baremetal_svc.gateways.glance import GlanceGateway
from baremetal_svc.gateways.ironic import IronicGateway
from baremetal_svc.gateways.neutron import NeutronGateway

KINDS = ["simulated", *(["real"] if os.environ.get("BAREMETAL_SVC_REAL") == "1" else [])]


class Outside(Protocol):
    """What a contract test needs besides the gateways."""

    ironic: protocols.Ironic
    neutron: protocols.Neutron
    images: protocols.Images

    def node(self, *, vifs: bool = False) -> str:
        """An available node; with ``vifs`` one whose network interface remembers them."""

    def until(self, node_id: str, wanted: str) -> protocols.NodeView:
        """Wait until the node is in the provision or power state."""

    def project(self) -> str:
        """Id of a project."""

    def network(self, project_id: str, *, shared: bool = False) -> str:
        """A network of the project with a subnet."""

    def tenant_port(self, network_id: str, project_id: str, device_id: str = "") -> str:
        """A port that the project made."""

    def caller(self, name: str) -> tuple[str, str | None]:
        """Project and token of one of two tenants, demo and other."""

    def reachable_network(self) -> str:
        """A network, for everybody, whose ports floating IPs can point at."""

    def floating_ip(self, name: str) -> str:
        """A new floating IP of a tenant; its address."""

    def image(self, name: str, visibility: str) -> str:
        """A new active image of a tenant: private, public, or shared with the other one."""


class Simulated:
    """On one world."""

    def __init__(self) -> None:
        self.world = simulated.World()
        self.ironic = simulated.SimulatedIronic(self.world)
        self.neutron = simulated.SimulatedNeutron(self.world)
        self.images = simulated.SimulatedImages(self.world)
        self._addresses = itertools.count(1)

    def node(self, *, vifs: bool = False) -> str:
        [node_id] = self.world.add_nodes(1, cards=1)
        node = self.world.nodes[node_id]
        # The switch behind the cards of devstack.local's machines.
        node.cards = [dataclasses.replace(card, switches=("sw1", "00:53:00:0a:0a:01")) for card in node.cards]
        return node_id

    def until(self, node_id: str, wanted: str) -> protocols.NodeView:
        view = self.ironic.get_node(node_id)
        assert view is not None and wanted in (view.provision_state, view.power_state)
        return view

    def project(self) -> str:
        return uuid.uuid4().hex

    def network(self, project_id: str, *, shared: bool = False) -> str:
        return self.world.add_network(project_id=project_id, shared=shared)

    def tenant_port(self, network_id: str, project_id: str, device_id: str = "") -> str:
        return self.neutron.add_port(network_id, project_id, device_id=device_id)

    def caller(self, name: str) -> tuple[str, str | None]:
        return name, None

    def reachable_network(self) -> str:
        return self.world.add_network()

    def floating_ip(self, name: str) -> str:
        address = f"203.0.113.{next(self._addresses)}"
        self.neutron.add_floating_ip(address, name)
        return address

    def image(self, name: str, visibility: str) -> str:
        return self.world.add_image(owner=name if visibility == "private" else None)

    def close(self) -> None:
        """Nothing to remove."""


class Real:
    """On Ironic and Neutron of devstack.local; what was made is removed at the end."""

    def __init__(self) -> None:
        from devstack.local import layout, metal, services

        services.up("ironic", "neutron", "glance", "fakeagent")
        self._metal, self._services = metal, services
        conf = _conf(services.url("ironic"), services.url("keystone"), layout.REGION, layout.PASSWORD)
        self.ironic = IronicGateway(session.load(conf, "ironic"), conf.ironic)
        self.neutron = NeutronGateway(session.load(conf, "neutron"), conf)
        self.images = GlanceGateway(session.load(conf, "glance"), conf)
        self._admin = services.client("neutron")
        self._nodes: list[str] = []
        self._made: list[str] = []
        self._floating: list[str] = []
        self._images: list[str] = []

    def node(self, *, vifs: bool = False) -> str:
        self._nodes.append(self._metal.enrol(agent=vifs).node)
        return self._nodes[-1]

    def until(self, node_id: str, wanted: str) -> protocols.NodeView:
        view = None
        end = time.monotonic() + 90
        while time.monotonic() < end:
            view = self.ironic.get_node(node_id)
            assert view is not None
            if view.target_power_state is None and wanted in (view.provision_state, view.power_state):
                return view
            time.sleep(0.1)
        raise AssertionError(f"{view} is not {wanted}")

    def project(self) -> str:
        # Neutron does not ask Keystone whether a project exists.
        return uuid.uuid4().hex

    def network(self, project_id: str, *, shared: bool = False) -> str:
        made = self._post("network", project_id=project_id, name="contract", shared=shared)
        self._post("subnet", project_id=project_id, network_id=made, cidr="10.77.0.0/24", ip_version=4, enable_dhcp=False)
        return made

    def tenant_port(self, network_id: str, project_id: str, device_id: str = "") -> str:
        return self._post("port", project_id=project_id, network_id=network_id, device_id=device_id)

    def caller(self, name: str) -> tuple[str, str | None]:
        [project] = self._services.client("keystone").get(f"/projects?name={name}")["projects"]
        return str(project["id"]), self._services.token(name, name)

    def reachable_network(self) -> str:
        return str(self._admin.get("/networks?name=tenant")["networks"][0]["id"])

    def floating_ip(self, name: str) -> str:
        network = self._admin.get("/networks?name=public")["networks"][0]["id"]
        body = {"floatingip": {"floating_network_id": network, "project_id": self.caller(name)[0]}}
        made = self._admin.post("/floatingips", body)["floatingip"]
        self._floating.append(made["id"])
        return str(made["floating_ip_address"])

    def image(self, name: str, visibility: str) -> str:
        from devstack.local import glance

        # Only operators publish.
        client = self._services.client("glance", *(("admin", "admin") if visibility == "public" else (name, name)))
        made = glance.upload(client, "contract", visibility=visibility)
        if visibility == "shared":
            client.post(f"/v2/images/{made}/members", {"member": self.caller("other" if name == "demo" else "demo")[0]})
        self._images.append(made)
        return made

    def _post(self, kind: str, **body: Any) -> str:
        made = self._admin.post(f"/{kind}s", {kind: body})[kind]["id"]
        if kind == "network":
            self._made.append(made)
        return str(made)

    def close(self) -> None:
        for node_id in self._nodes:
            self._metal.remove(node_id)
        for floating_ip in self._floating:
            self._admin.delete(f"/floatingips/{floating_ip}")
        for image in self._images:
            self._services.client("glance").delete(f"/v2/images/{image}")
        for network_id in self._made:
            for port in self._admin.get(f"/ports?network_id={network_id}")["ports"]:
                self._admin.delete(f"/ports/{port['id']}")
            self._admin.delete(f"/networks/{network_id}")


def _conf(ironic: str, keystone: str, region: str, password: str) -> cfg.ConfigOpts:
    conf = cfg.ConfigOpts()
    options.register(conf)
    real.register(conf)
    conf([])
    conf.set_override("auth_type", "none", "ironic")
    conf.set_override("endpoint_override", ironic, "ironic")
    account = {"auth_url": keystone, "username": "baremetal_svc", "password": password, "project_name": "service"}
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    # Options of the plugin exist once keystoneauth has looked at auth_type.
    from keystoneauth1 import loading

    for group in ("neutron", "glance"):
        conf.set_override("auth_type", "password", group)
        conf.set_override("valid_interfaces", ["public"], group)
        conf.set_override("region_name", region, group)
        conf.register_opts(loading.get_auth_plugin_conf_options("password"), group)
        for name, value in {**account, **domains}.items():
            conf.set_override(name, value, group)
    return conf


@pytest.fixture(params=KINDS)
def outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    made: Simulated | Real = Simulated() if request.param == "simulated" else Real()
    yield made
    made.close()


@pytest.fixture
def server_id() -> str:
    return str(uuid.uuid4())


@pytest.fixture
def other_id() -> str:
    return str(uuid.uuid4())
