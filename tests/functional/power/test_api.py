# SPDX-License-Identifier: Apache-2.0
"""Power over REST."""

import pytest

from tests.fixtures import properties
from tests.fixtures.service import Service


@pytest.mark.parametrize("body", [{}, {"target": "up"}, {"target": None}, {"target": "on", "x": 1}, [], "on"])
def test_bad_bodies(service: Service, body: object) -> None:
    server_id = properties.active(service)
    assert service.call("PUT", f"/v1/servers/{server_id}/states/power", body).status == 400


def test_a_server_in_error_cannot_be_powered(service: Service) -> None:
    server = service.call("POST", "/v1/servers", service.prepared(nodes=0)).json
    service.work()
    reply = service.call("PUT", f"/v1/servers/{server['uuid']}/states/power", {"target": "on"})
    assert reply.status == 409
    assert "possible from" in reply.json["errors"][0]["hint"]


def test_off_then_on(service: Service) -> None:
    server_id = properties.active(service)
    reply = service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "off"}, version="1.1")
    assert (reply.status, reply.raw) == (202, b"")
    # There are no operations in 1.1.
    assert reply.headers["location"].endswith(f"/v1/servers/{server_id}")
    assert service.call("GET", f"/v1/servers/{server_id}").json["status"] == "powering-off"
    service.work()
    shown = service.call("GET", f"/v1/servers/{server_id}").json
    assert (shown["status"], shown["power_state"]) == ("stopped", "power off")
    assert service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "reboot"}).status == 409


def test_a_machine_in_maintenance_is_left_alone(service: Service) -> None:
    server_id = properties.active(service)
    [node] = [node for node in service.world.nodes.values() if node.instance_id == server_id]
    node.maintenance = True
    service.sync()
    for state, target in (("power", "off"), ("power", "reboot"), ("provision", "rebuild")):
        reply = service.call("PUT", f"/v1/servers/{server_id}/states/{state}", {"target": target})
        assert (reply.status, "in maintenance" in reply.json["errors"][0]["detail"]) == (409, True)
    assert service.live() == []
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204


def test_a_reboot_that_is_cancelled_leaves_what_the_machine_is(service: Service) -> None:
    server_id = properties.active(service)
    reply = service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "reboot"})
    operation = reply.headers["location"].rpartition("/")[2]
    assert service.call("DELETE", f"/v1/operations/{operation}").status == 202
    service.work()
    assert service.call("GET", f"/v1/operations/{operation}").json["state"] == "cancelled"
    assert service.call("GET", f"/v1/servers/{server_id}").json["status"] == "active"


def test_a_stop_that_is_cancelled_after_the_machine_is_off_leaves_it_stopped(service: Service) -> None:
    server_id = properties.active(service)
    service.world.instant = False
    reply = service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "off"})
    service.step()
    for _ in range(5):
        service.world.tick()
    service.sync()
    assert service.call("DELETE", f"/v1/operations/{reply.headers['location'].rpartition('/')[2]}").status == 202
    service.work()
    shown = service.call("GET", f"/v1/servers/{server_id}").json
    assert (shown["status"], shown["power_state"]) == ("stopped", "power off")
