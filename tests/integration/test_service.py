# SPDX-License-Identifier: Apache-2.0
"""The whole service of real processes on the real services: MariaDB, RabbitMQ (quorum queues), Keystone, Neutron with a switch, Ironic."""

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.local import layout, metal, services, switch
from tests.fixtures.cluster import IMAGE, Cluster, wait_for

CLASS = f"it-{uuid.uuid4().hex[:8]}"
OPTIONS = {"conductor.listing_interval": 0.5, "conductor.inventory_interval": 2.0, "ironic.retry_seconds": 2.0}


@pytest.fixture(scope="module")
def machines() -> Iterator[list[metal.Machine]]:
    services.up("ironic", "fakeagent")
    made = [metal.enrol(agent=True, resource_class=CLASS) for _ in range(2)]
    yield made
    for machine in made:
        metal.remove(machine.node)


@pytest.fixture(scope="module")
def cluster(machines: list[metal.Machine], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    made = Cluster(tmp_path_factory.mktemp("cluster"), options=OPTIONS)
    try:
        made.start("api-0")
        made.start("conductor-0")
        made.wait_until_up()
        made.wait_for_offers(2, CLASS)
        yield made
    finally:
        made.close()


def _create(cluster: Cluster, flavor: str, api: int = 0) -> str:
    body = {"server": {"name": "it", "flavor_uuid": flavor, "image_uuid": IMAGE, "networks": [{"net_id": cluster.network()}]}}
    status, _, reply = cluster.request("POST", "/v1/servers", body, api=api)
    assert status == 201, reply
    return str(reply["uuid"])


def _wait(cluster: Cluster, server_id: str, wanted: str, seconds: float = 90) -> dict[str, Any]:
    def ended() -> Any:
        found = cluster.request("GET", f"/v1/servers/{server_id}")[2]
        assert found["status"] != "error" or wanted == "error", (found, cluster.log_lines("WARN|ERROR")[-20:])
        return found if found["status"] == wanted else None

    found: dict[str, Any] = wait_for(f"server {wanted}", ended, seconds)
    return found


def _delete(cluster: Cluster, server_id: str) -> None:
    assert cluster.request("DELETE", f"/v1/servers/{server_id}")[0] == 204
    wait_for("server gone", lambda: cluster.request("GET", f"/v1/servers/{server_id}")[0] == 404, 90)


def test_a_server_from_request_to_nothing(cluster: Cluster, machines: list[metal.Machine]) -> None:
    """POST to ACTIVE on the tenant's VLAN, power off, on and reboot, DELETE to nothing left: checked at Ironic, Neutron and the switch."""
    ironic, neutron, log = services.client("ironic"), services.client("neutron"), switch.SwitchLog()
    server_id = _create(cluster, cluster.flavor(CLASS))
    server = _wait(cluster, server_id, "active")
    assert server["power_state"] == "power on"
    [node] = [n for m in machines if (n := ironic.get(f"/nodes/{m.node}"))["instance_uuid"] == server_id]
    assert (node["provision_state"], node["protected"]) == ("active", True)
    machine = next(m for m in machines if m.node == node["uuid"])
    [port] = neutron.get(f"/ports?device_id={server_id}")["ports"]
    assert (port["mac_address"], port["status"]) == (machine.mac, "ACTIVE")
    assert server["addresses"][port["network_id"]][0]["addr"] == port["fixed_ips"][0]["ip_address"]
    vlan = neutron.get(f"/networks/{port['network_id']}")["network"]["provider:segmentation_id"]
    assert log.vlans()[machine.switch_port] == vlan
    for target, status, power in (("off", "stopped", "power off"), ("on", "active", "power on"), ("reboot", "active", "power on")):
        assert cluster.request("PUT", f"/v1/servers/{server_id}/states/power", {"target": target})[0] == 202
        assert _wait(cluster, server_id, status)["power_state"] == power
        assert ironic.get(f"/nodes/{machine.node}")["power_state"] == power
    _delete(cluster, server_id)
    assert neutron.get(f"/ports?device_id={server_id}")["ports"] == []
    after = ironic.get(f"/nodes/{machine.node}")
    assert (after["instance_uuid"], after["protected"], after["instance_info"]) == (None, False, {})
    wait_for("switch port freed", lambda: machine.switch_port not in log.vlans(), 30)
    wait_for("cleaned", lambda: ironic.get(f"/nodes/{machine.node}")["provision_state"] == "available", 60)


def test_a_dead_bus_neither_blocks_nor_fails_a_request(cluster: Cluster) -> None:
    """Processes whose bus is not there (Neutron needs RabbitMQ itself, so RabbitMQ stays): polling finds the operation."""
    alive, cluster.transport_url = cluster.transport_url, f"rabbit://nobody:nothing@{layout.HOST}:1/"
    cluster.kill("conductor-0")
    cluster.start("api-1")
    cluster.start("conductor-2")
    try:
        cluster.wait_until_up(2)
        cluster.wait_for_offers(1, CLASS, 120)
        flavor = cluster.flavor(CLASS)
        begin = time.monotonic()
        server_id = _create(cluster, flavor, api=1)
        assert time.monotonic() - begin < 3
        _wait(cluster, server_id, "active")
    finally:
        cluster.transport_url = alive
        cluster.kill("conductor-2")
        cluster.kill("api-1")
        cluster.start("conductor-0")
    _delete(cluster, server_id)


def test_ironic_away_is_waited_for(cluster: Cluster) -> None:
    cluster.wait_for_offers(1, CLASS, 120)
    services.stop("ironic")
    try:
        wait_for("degraded", lambda: cluster.request("GET", "/healthcheck")[2]["status"] == "degraded", 20)
        server_id = _create(cluster, cluster.flavor(CLASS))
        operation = cluster.request("GET", f"/v1/operations?server_uuid={server_id}")[2]["operations"][0]
        wait_for("waiting", lambda: cluster.request("GET", f"/v1/operations/{operation['uuid']}")[2]["state"] == "waiting", 60)
    finally:
        services.up("ironic", "fakeagent")
    _wait(cluster, server_id, "active", 120)
    _delete(cluster, server_id)


def test_sigterm_hands_over_without_failing_anything(cluster: Cluster) -> None:
    """A draining conductor ends by itself while another one goes on with what it had."""
    cluster.wait_for_offers(1, CLASS, 120)
    server_id = _create(cluster, cluster.flavor(CLASS))
    cluster.start("conductor-1")
    process = cluster.processes.pop("conductor-0")
    process.terminate()
    assert process.wait(60) == 0
    _wait(cluster, server_id, "active", 120)
    _delete(cluster, server_id)


def test_notifications_wake_what_waits(cluster: Cluster) -> None:
    """With a listing once in two minutes a server is active within one, since Ironic's notifications make the conductor look."""
    cluster.wait_for_offers(1, CLASS, 120)
    url = services.create_vhost("ironic_notifications")
    services.up("ironic", "fakeagent", notifications=url)
    cluster.close_conductors()
    cluster.configure({"conductor.listing_interval": 120, "conductor.inventory_interval": 120, "conductor.notifications_url": url})
    cluster.start("conductor-3")
    server_id = _create(cluster, cluster.flavor(CLASS))
    _wait(cluster, server_id, "active", 60)
    _delete(cluster, server_id)
