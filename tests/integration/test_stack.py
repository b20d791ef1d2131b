# SPDX-License-Identifier: Apache-2.0
"""The local stack itself: a deployment through the agent sets the tenant's VLAN on the switch, and tear-down frees it."""

import hashlib
import os
import signal

import kombu
import pytest
import sqlalchemy

from devstack.local import layout, metal, neutron, processes, services
from devstack.local.switch import Event, SwitchLog
from devstack.local.waiting import until


@pytest.fixture(scope="module", autouse=True)
def stack():
    services.up("fakeagent", "rabbitmq", "postgresql")


@pytest.fixture
def network():
    return services.client("neutron", "baremetal_svc", "service")


def test_agent_deployment_sets_the_vlan_and_undeploy_frees_it(network):
    ironic, switch = services.client("ironic"), SwitchLog()
    machine = metal.enrol(agent=True)
    tenant = network.get("/networks?name=tenant")["networks"][0]
    port = network.post("/ports", {"port": {"network_id": tenant["id"], "device_owner": "baremetal:none"}})["port"]
    image = services.url("fakeagent") + "/img.raw"
    checksum = hashlib.sha256(bytes(1 << 20)).hexdigest()
    info = {"image_source": image, "image_disk_format": "raw", "image_checksum": checksum}
    try:
        metal.retry_locked(lambda: ironic.post(f"/nodes/{machine.node}/vifs", {"id": port["id"]}))
        ironic.call("PATCH", f"/nodes/{machine.node}", [{"op": "add", "path": "/instance_info", "value": info}])
        metal.provision(machine.node, "active", "active")
        bound = network.get(f"/ports/{port['id']}")["port"]
        assert (bound["status"], bound["mac_address"], bound["binding:host_id"]) == ("ACTIVE", machine.mac, machine.node)
        vlan = tenant["provider:segmentation_id"]
        assert switch.vlans()[machine.switch_port] == vlan
        plugged = [event for event in switch.events(machine.switch_port) if event.vlan is not None]
        assert plugged[-2:] == [Event(machine.switch_port, neutron.PROVISIONING_VLAN), Event(machine.switch_port, vlan)]
        metal.provision(machine.node, "deleted", "available")
        assert machine.switch_port not in switch.vlans()
    finally:
        metal.remove(machine.node)
        network.delete(f"/ports/{port['id']}")


def test_fake_deployment_needs_no_agent():
    machine = metal.enrol()
    try:
        metal.provision(machine.node, "active", "active")
        metal.provision(machine.node, "deleted", "available")
    finally:
        metal.remove(machine.node)


def test_a_vif_attached_to_an_active_node_is_bound(network):
    ironic, switch = services.client("ironic"), SwitchLog()
    machine = metal.enrol(network_interface="neutron")
    tenant = network.get("/networks?name=tenant")["networks"][0]
    port = network.post("/ports", {"port": {"network_id": tenant["id"], "device_owner": "baremetal:none"}})["port"]
    try:
        metal.provision(machine.node, "active", "active")
        metal.retry_locked(lambda: ironic.post(f"/nodes/{machine.node}/vifs", {"id": port["id"]}))
        assert switch.vlans()[machine.switch_port] == tenant["provider:segmentation_id"]
        metal.retry_locked(lambda: ironic.delete(f"/nodes/{machine.node}/vifs/{port['id']}"))
        assert machine.switch_port not in switch.vlans()
    finally:
        metal.remove(machine.node)
        network.delete(f"/ports/{port['id']}")


def test_stopped_by_pid_and_started_again():
    before = services.pid("ironic-conductor")
    services.stop("ironic-conductor")
    assert services.pid("ironic-conductor") is None
    services.up("fakeagent")
    assert services.pid("ironic-conductor") not in (None, before)


def test_what_a_dead_script_has_left_is_stopped(tmp_path):
    leader = processes.start("stack-proof", ["sh", "-c", f"echo $$ > {tmp_path}/one; sleep 1000 & echo $! > {tmp_path}/two; wait"])
    until(lambda: (tmp_path / "two").exists() and (tmp_path / "two").read_text().strip(), 10)
    left = int((tmp_path / "two").read_text())
    os.kill(leader, signal.SIGKILL)
    assert until(lambda: processes.pid("stack-proof") is None, 10)
    assert processes.born(left) and "stack-proof" in processes.running()
    processes.stop("stack-proof")
    assert processes.born(left) is None and "stack-proof" not in processes.running()


@pytest.mark.parametrize("kind", ["mysql", "postgresql"])
def test_a_database_is_new(kind):
    for _ in range(2):
        engine = sqlalchemy.create_engine(services.create_database(kind, "stack_proof"), poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            connection.execute(sqlalchemy.text("CREATE TABLE once (id INTEGER)"))
    services.drop_database(kind, "stack_proof")


@pytest.mark.parametrize(("kind", "service"), [("mysql", "mariadb"), ("postgresql", "postgresql")])
def test_what_a_database_has_committed_survives_its_kill(kind, service):
    services.up(service)
    engine = sqlalchemy.create_engine(services.create_database(kind, "stack_proof"), poolclass=sqlalchemy.NullPool)
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE kept (id INTEGER)"))
    with engine.connect() as connection:
        for number in range(20):
            connection.execute(sqlalchemy.text(f"INSERT INTO kept VALUES ({number})"))
            connection.commit()
        services.kill(service)
    services.stop(service)
    services.up(service)
    with engine.connect() as connection:
        assert connection.execute(sqlalchemy.text("SELECT COUNT(*) FROM kept")).scalar_one() == 20
    services.drop_database(kind, "stack_proof")


def test_a_virtual_host_takes_connections():
    address = services.create_vhost("stack_proof").replace("rabbit://", "amqp://")
    with kombu.Connection(address) as connection:
        assert connection.ensure_connection(max_retries=2)


def test_clouds_yaml_serves_the_tools():
    assert layout.CLOUDS.read_text().startswith("clouds:")
    projects = services.client("keystone").get("/projects")["projects"]
    assert {"admin", "demo", "other", "service"} <= {project["name"] for project in projects}
