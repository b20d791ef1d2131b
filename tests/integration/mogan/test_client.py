# SPDX-License-Identifier: Apache-2.0
"""python-moganclient 0.1.0's Python layer, unchanged, against this service: every call of section 2.2 of Mogan's contract.

Real Keystone, Glance, Neutron, Ironic, RabbitMQ and MariaDB, as devstack/local/up starts them. Consoles are not built: their call is
answered with 404, which the client takes for what it is.
"""

import os
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from keystoneauth1 import session as ksa_session
from keystoneauth1.identity import v3
from moganclient.v1 import client as mogan

from devstack.local import layout, metal, services
from tests.fixtures.cluster import wait_for

CLASS = f"mogan-{os.getpid()}"


def client(user: str, project: str) -> Any:
    """The client as its OSC plugin makes it: the endpoint out of the catalogue, and a session."""
    domains = {"user_domain_name": "Default", "project_domain_name": "Default"}
    auth = v3.Password(services.url("keystone"), username=user, password=layout.PASSWORD, project_name=project, **domains)
    session = ksa_session.Session(auth)
    endpoint = session.get_endpoint(service_type="baremetal_compute", interface="public", region_name=layout.REGION)
    return mogan.Client(endpoint=endpoint, session=session)


@pytest.fixture(scope="module")
def machines() -> Iterator[list[str]]:
    """Names of machines with two network cards each: a released one rests for a while, so that each test has one of its own."""
    services.up("bms")
    ironic = services.client("ironic")
    made = [metal.enrol(resource_class=CLASS) for _ in range(6)]
    for number, machine in enumerate(made):
        card = {"node_uuid": machine.node, "address": f"00:53:05:{number:02x}:{machine.mac[-5:]}", "physical_network": "physnet1"}
        ironic.post("/ports", card)
    yield [machine.name for machine in made]
    for machine in made:
        metal.remove(machine.node)


@pytest.fixture(scope="module")
def admin(machines: list[str]) -> Any:
    found = client("admin", "admin")
    service = services.client("bms")
    wait_for("machines", lambda: set(machines) <= {node["name"] for node in service.get("/nodes")["nodes"] if node["offered"]}, 60)
    return found


@pytest.fixture(scope="module")
def demo(admin: Any) -> Any:
    return client("demo", "demo")


@pytest.fixture(scope="module")
def flavor(admin: Any) -> Iterator[Any]:
    made = admin.flavor.create(f"mogan-{uuid.uuid4()}", {CLASS: "1"}, None, True, False, "d")
    yield made
    admin.flavor.delete(made)


@pytest.fixture(scope="module")
def image() -> str:
    return str(services.client("glance").get("/v2/images?name=tiny")["images"][0]["id"])


@pytest.fixture(scope="module")
def network() -> str:
    return str(services.client("neutron").get("/networks?name=tenant")["networks"][0]["id"])


def reaches(demo: Any, server: Any, status: str) -> Any:
    return wait_for(f"{server.uuid} {status}", lambda: (got := demo.server.get(server)).status == status and got, 60)


def gone(demo: Any, server: Any) -> None:
    demo.server.delete(server)
    wait_for("the end", lambda: server.uuid not in [found.uuid for found in demo.server.list()], 60)


@pytest.fixture
def server(demo: Any, flavor: Any, image: str, network: str) -> Iterator[Any]:
    made = demo.server.create("one", image, flavor.uuid, [{"net_id": network}], min_count=1, max_count=1, metadata={"k": "v"})
    yield reaches(demo, made, "active")
    gone(demo, made)


def test_servers(demo: Any, admin: Any, server: Any, flavor: Any, image: str) -> None:
    # What the command line pops out of the answer must be there.
    shown = demo.server.get(server.uuid).to_dict()
    assert (shown["metadata"], shown["partitions"], shown["flavor_uuid"], shown["image_uuid"]) == ({"k": "v"}, {}, flavor.uuid, image)
    [listed] = [found for found in demo.server.list(detailed=True) if found.uuid == server.uuid]
    assert (listed.name, listed.status, listed.power_state, len(listed.addresses)) == ("one", "active", server.power_state, 1)
    assert server.uuid in [found.uuid for found in admin.server.list(all_projects=True)]
    assert server.uuid not in [found.uuid for found in client("other", "other").server.list(all_projects=True)]
    updated = demo.server.update(server.uuid, [{"op": "replace", "path": "/name", "value": "two"}])
    assert updated.name == "two"
    with pytest.raises(Exception, match=r"no server"):
        client("other", "other").server.get(server.uuid)


def test_a_create_with_everything(demo: Any, flavor: Any, image: str, network: str) -> None:
    key = demo.keypair.create(f"k-{uuid.uuid4()}")
    group = demo.server_group.create("g", ["affinity"])
    made = demo.server.create(
        "all", image, flavor.uuid, [{"net_id": network}], description="d", metadata={"a": "b"}, userdata="#!/bin/sh\n",
        files={"/etc/motd": "hello"}, key_name=key.name, min_count=1, max_count=1,
    )  # fmt: skip
    assert reaches(demo, made, "active").key_name == key.name
    gone(demo, made)
    demo.server_group.delete(group)
    demo.keypair.delete(key.name)


def test_power_lock_rebuild(demo: Any, server: Any, image: str) -> None:
    for target, status in (("off", "stopped"), ("on", "active"), ("reboot", "active")):
        demo.server.set_power_state(server, target)
        reaches(demo, server, status)
    demo.server.set_lock_state(server, True)
    assert demo.server.get(server).locked
    with pytest.raises(Exception, match="is locked"):
        demo.server.rebuild(server)
    demo.server.set_lock_state(server, False)
    for arguments in ({}, {"image_uuid": image, "preserve_ephemeral": False}):
        demo.server.rebuild(server, **arguments)
        reaches(demo, server, "active")


def test_interfaces_and_floating_ips(demo: Any, server: Any, network: str) -> None:
    [nic] = demo.server.get_server_nics(server)
    assert (nic.network_id, len(nic.fixed_ips), nic.floating_ip) == (network, 1, None)
    public = services.client("neutron").get("/networks?name=public")["networks"][0]["id"]
    neutron = services.client("neutron", "demo", "demo")
    address = neutron.post("/floatingips", {"floatingip": {"floating_network_id": public}})["floatingip"]
    ip = address["floating_ip_address"]
    demo.server.add_floating_ip(server, ip, None)
    assert neutron.get(f"/floatingips/{address['id']}")["floatingip"]["port_id"] == nic.port_id
    assert demo.server.get_server_nics(server)[0].floating_ip == ip
    demo.server.remove_floating_ip(server, ip)
    assert neutron.get(f"/floatingips/{address['id']}")["floatingip"]["port_id"] is None
    neutron.delete(f"/floatingips/{address['id']}")
    demo.server.add_interface(server, net_id=network)
    both = wait_for("two NICs", lambda: len(found := [n for n in demo.server.get_server_nics(server) if n.port_id]) == 2 and found, 30)
    added = next(found for found in both if found.port_id != nic.port_id)
    demo.server.remove_interface(server, added.port_id)
    assert [found.port_id for found in demo.server.get_server_nics(server)] == [nic.port_id]
    service = services.client("bms", "demo", "demo")
    wait_for("rest", lambda: not service.get(f"/operations?server_uuid={server.uuid}&state=running")["operations"], 30)
    own = neutron.post("/ports", {"port": {"network_id": network}})["port"]["id"]
    wait_for("attach", lambda: attached(demo, server, own), 30)
    gone_before = [found.port_id for found in demo.server.get_server_nics(server)]
    assert own in gone_before
    demo.server.remove_interface(server, own)
    wait_for("its own again", lambda: neutron.get(f"/ports/{own}")["port"]["device_id"] == "", 30)
    neutron.delete(f"/ports/{own}")


def attached(demo: Any, server: Any, port: str) -> bool:
    """Attach a port, once the server has no operation any more."""
    if port in [nic.port_id for nic in demo.server.get_server_nics(server)]:
        return True
    try:
        demo.server.add_interface(server, port_id=port)
    except Exception as error:
        assert "in progress" in str(error) or "in use" in str(error), error
    return False


def test_consoles_are_not_there(demo: Any, server: Any) -> None:
    with pytest.raises(Exception, match="no such path"):
        demo.server.get_remote_console(server, None)


def test_flavors(admin: Any, demo: Any) -> None:
    project = services.client("keystone").get("/projects?name=demo")["projects"][0]["id"]
    name = f"f-{uuid.uuid4()}"
    made = admin.flavor.create(name, {CLASS: "1"}, {"ssd": "true"}, False, "False", "d")
    assert (admin.flavor.get(made).name, made.resource_aggregates) == (name, {"ssd": "true"})
    assert made.uuid not in [found.uuid for found in demo.flavor.list()]
    admin.flavor.add_tenant_access(made, project)
    [seen] = [found for found in demo.flavor.list() if found.uuid == made.uuid]
    assert (seen.name, seen.is_public, seen.description) == (name, False, "d")
    admin.flavor.remove_tenant_access(made, project)
    assert admin.flavor.update(made, [{"op": "replace", "path": "/disabled", "value": True}]).disabled
    admin.flavor.delete(made)


def test_key_pairs(demo: Any) -> None:
    made = demo.keypair.create(f"k-{uuid.uuid4()}")
    assert "PRIVATE KEY" in made.private_key
    imported = demo.keypair.create(f"k-{uuid.uuid4()}", public_key=made.public_key, keypair_type="ssh")
    assert {made.name, imported.name} <= {found.name for found in demo.keypair.list()}
    assert demo.keypair.get(imported.name).fingerprint == made.fingerprint
    certificate = demo.keypair.create(f"k-{uuid.uuid4()}", keypair_type="x509")
    assert certificate.private_key and demo.keypair.get(certificate.name).public_key.startswith("-----BEGIN CERTIFICATE-----")
    user = services.client("keystone").get("/users?name=demo")["users"][0]["id"]
    for pair in (made, imported, certificate):
        demo.keypair.delete(pair.name, user_id=user)


def test_aggregates_nodes_and_zones(admin: Any, demo: Any, machines: list[str]) -> None:
    made = admin.aggregate.create(f"a-{uuid.uuid4()}", metadata={"availability_zone": "mogan-az"})
    assert set(machines) <= {str(node) for node in _plain(admin.node.list())}
    admin.aggregate_node.add_node(made.uuid, machines[0])
    assert _plain(admin.aggregate_node.list_node(made.uuid)) == [machines[0]]
    assert "mogan-az" in _plain(demo.availability_zone.list())
    assert made.uuid in [found.uuid for found in admin.aggregate.list()]
    assert admin.aggregate.get(made).metadata == {"availability_zone": "mogan-az"}
    assert admin.aggregate.update(made, [{"op": "add", "path": "/metadata/k", "value": "v"}]).metadata["k"] == "v"
    admin.aggregate_node.remove_node(made.uuid, machines[0])
    admin.aggregate.delete(made)


def _plain(found: Any) -> list[str]:
    return [str(getattr(item, "name", item)) for item in found]


def test_server_groups(demo: Any, admin: Any) -> None:
    made = demo.server_group.create("g", ["anti-affinity"])
    assert (demo.server_group.get(made).policies, made.members) == (["anti-affinity"], [])
    assert made.uuid in [found.uuid for found in demo.server_group.list()]
    assert made.uuid in [found.uuid for found in admin.server_group.list(all_projects=True)]
    demo.server_group.delete(made)


def test_manage(admin: Any) -> None:
    machine = metal.enrol(resource_class=f"{CLASS}-managed")
    metal.provision(machine.node, "active", "active")
    # A fake deployment leaves it off.
    node = f"/nodes/{machine.node}"
    services.client("ironic").put(f"{node}/states/power", {"target": "power on"})
    wait_for("power", lambda: services.client("ironic").get(node)["power_state"] == "power on", 60)
    try:
        [found] = [found for found in admin.manageable_server.list() if found.uuid == machine.node]
        assert found.ports[0]["address"] == machine.mac
        service = services.client("bms")
        wait_for("the inventory", lambda: any(n["uuid"] == machine.node for n in service.get("/nodes?limit=1000")["nodes"]), 60)
        made = admin.manageable_server.manage("old", machine.node, metadata={"a": "b"}).to_dict()
        assert {"metadata", "partitions", "flavor_uuid", "image_uuid", "addresses"} <= set(made)
        wait_for("adopted", lambda: admin.server.get(made["uuid"]).status == "active", 60)
        service.delete(f"/manageable_servers/{made['uuid']}")
        wait_for("let go", lambda: made["uuid"] not in [found.uuid for found in admin.server.list()], 60)
        assert services.client("ironic").get(node)["provision_state"] == "active"
    finally:
        metal.remove(machine.node)
