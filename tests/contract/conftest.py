# SPDX-License-Identifier: Apache-2.0
"""Every contract test runs against the simulated world, and with BAREMETAL_SVC_REAL=1 against the services of devstack.local too.

What is missing then is a failure, never a skip. Tests share the real services: each makes its own nodes, and removes them.
"""

import os
import time
import uuid
from collections.abc import Iterator
from typing import Any, Protocol

import pytest
from oslo_config import cfg

from baremetal_svc.conf import gateways as options
from baremetal_svc.gateways import protocols, real, session, simulated
from baremetal_svc.gateways.ironic import IronicGateway
from baremetal_svc.gateways.neutron import NeutronGateway

KINDS = ["simulated", *(["real"] if os.environ.get("BAREMETAL_SVC_REAL") == "1" else [])]


class Outside(Protocol):
    """What a contract test needs besides the gateways."""

    ironic: protocols.Ironic
    neutron: protocols.Neutron

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


class Simulated:
    """On one world."""

    def __init__(self) -> None:
        self.world = simulated.World()
        self.ironic = simulated.SimulatedIronic(self.world)
        self.neutron = simulated.SimulatedNeutron(self.world)

    def node(self, *, vifs: bool = False) -> str:
        return self.world.add_nodes(1, cards=1)[0]

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

    def close(self) -> None:
        """Nothing to remove."""


class Real:
    """On Ironic and Neutron of devstack.local; what was made is removed at the end."""

    def __init__(self) -> None:
        from devstack.local import layout, metal, services

        services.up("ironic", "neutron", "fakeagent")
        self._metal, self._services = metal, services
        conf = _conf(services.url("ironic"), services.url("keystone"), layout.REGION, layout.PASSWORD)
        self.ironic = IronicGateway(session.load(conf, "ironic"), conf.ironic)
        self.neutron = NeutronGateway(session.load(conf, "neutron"), conf)
        self._admin = services.client("neutron")
        self._nodes: list[str] = []
        self._made: list[str] = []

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

    def _post(self, kind: str, **body: Any) -> str:
        made = self._admin.post(f"/{kind}s", {kind: body})[kind]["id"]
        if kind == "network":
            self._made.append(made)
        return str(made)

    def close(self) -> None:
        for node_id in self._nodes:
            self._metal.remove(node_id)
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
    conf.set_override("auth_type", "password", "neutron")
    conf.set_override("valid_interfaces", ["public"], "neutron")
    conf.set_override("region_name", region, "neutron")
    account = {"auth_url": keystone, "username": "baremetal_svc", "password": password, "project_name": "service"}
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    # Options of the plugin exist once keystoneauth has looked at auth_type.
    from keystoneauth1 import loading

    conf.register_opts(loading.get_auth_plugin_conf_options("password"), "neutron")
    for name, value in {**account, **domains}.items():
        conf.set_override(name, value, "neutron")
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
