# SPDX-License-Identifier: Apache-2.0
"""servers.create and servers.delete: end to end, and the properties of every flow."""

from pathlib import Path
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import ADMIN, Service

CREATE = Scenario("servers.create", lambda service: properties.create(service, user_data="I2Nsb3VkLWNvbmZpZwo=") and None)


def _delete(service: Service) -> None:
    properties.active(service)
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]


def _delete_again(service: Service) -> None:
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]


DELETE = Scenario("servers.delete", _delete, _delete_again)


def _create_two(service: Service) -> None:
    body = service.prepared()
    asked = {**body, "server": {**body["server"], "min_count": 2, "max_count": 2}}
    assert service.call("POST", "/v1/servers", asked).status == 201


BATCH = Scenario("servers.create", _create_two)


def test_create_then_delete(service: Service) -> None:
    body = service.prepared()
    before = service.held()
    server = service.call("POST", "/v1/servers", body).json
    assert server["status"] == "building"
    service.work()
    shown = service.call("GET", f"/v1/servers/{server['uuid']}", token=ADMIN).json
    assert shown["status"] == "active"
    assert shown["node"]
    assert shown["power_state"] == "power on"
    assert [address["type"] for address in shown["addresses"][service.network]] == ["fixed"]
    node = next(node for node in service.world.nodes.values() if node.instance_id == server["uuid"])
    assert node.protected
    assert service.call("DELETE", f"/v1/servers/{server['uuid']}").status == 204
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").status == 404
    properties.finish(service)
    assert service.held() == before


@pytest.mark.parametrize("scenario", [CREATE, DELETE], ids=lambda scenario: scenario.kind)
def test_running_each_execute_twice_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    properties.check_execute_twice(tmp_path, scenario)


def test_a_create_that_fails_anywhere_is_undone(tmp_path: Path) -> None:
    properties.check_fail_anywhere(tmp_path, CREATE, undone=True)


def test_a_delete_that_fails_anywhere_is_completed_by_another(tmp_path: Path) -> None:
    properties.check_fail_anywhere(tmp_path, DELETE, undone=False)


def test_a_failed_deploy_tries_another_node(service: Service) -> None:
    server = properties.create(service)
    first = sorted(service.world.nodes)
    service.world.fail_next("deploy")
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"
    deploys = [arguments for method, arguments in service.world.calls if method == "deploy"]
    assert len(deploys) == 2
    assert len({str(sorted(arguments.items())) for arguments in deploys}) == 2
    properties.finish(service)
    assert len(first) - 1 == len(service.rows(models.Offer)), "the node that failed was cleaned and is offered again"


def test_when_every_node_fails_the_server_says_why(service: Service) -> None:
    server = properties.create(service)
    service.world.fail_next("deploy", times=9)
    service.work()
    shown = service.call("GET", f"/v1/servers/{server['uuid']}").json
    assert shown["status"] == "error"
    assert shown["fault"]["message"]
    properties.finish(service)
    assert service.world.snapshot() == frozenset()
    assert len(service.rows(models.Offer)) == 3


def test_no_node_explains_itself(service: Service) -> None:
    body = service.prepared(nodes=0)
    server = service.call("POST", "/v1/servers", body).json
    service.work()
    shown = service.call("GET", f"/v1/servers/{server['uuid']}").json
    assert shown["fault"]["message"] == "No machine of this flavor is free now."
    operation = service.rows(models.Operation)[0]["id"]
    assert "faults" not in service.call("GET", f"/v1/operations/{operation}").json
    [fault] = service.call("GET", f"/v1/operations/{operation}", token=ADMIN).json["faults"]
    assert "No node fits: in the flavor's pools and resource class: 0;" in fault["message"]


@pytest.mark.parametrize("rounds", range(0, 8))
def test_delete_while_building_ends_with_one_teardown(service: Service, rounds: int) -> None:
    service.world.instant = False
    server = properties.create(service)
    for _ in range(rounds):
        service.step()
        service.world.tick()
        service.sync()
    for _ in range(2):
        assert service.call("DELETE", f"/v1/servers/{server['uuid']}").status == 204
    service.world.instant = True
    properties.finish(service)
    assert service.call("GET", f"/v1/servers/{server['uuid']}").status == 404
    assert service.world.snapshot() == frozenset()
    assert len([1 for method, _ in service.world.calls if method == "undeploy"]) <= 1
    kinds: dict[str, Any] = {row["kind"]: row["state"] for row in service.rows(models.Operation)}
    assert kinds["servers.delete"] == "done"
    assert len(service.rows(models.Offer)) == 3


def test_secrets_are_encrypted_and_gone_at_the_end(service: Service) -> None:
    body = service.prepared()
    body["server"]["user_data"] = "c2VjcmV0LW9mLW1pbmU="
    service.call("POST", "/v1/servers", body)
    assert "secret-of-mine" not in str(service.rows(models.Secret))
    assert "c2VjcmV0" not in str(service.rows(models.Operation))
    service.work()
    assert service.rows(models.Secret) == []
    node = next(node for node in service.world.nodes.values() if node.instance_id)
    assert node.instance_info["configdrive"]["user_data"] == "secret-of-mine"


@pytest.mark.parametrize("away", ["ironic", "neutron", "images"])
def test_an_outage_is_waited_for(service: Service, away: str) -> None:
    server = properties.create(service)
    service.world.away(away)
    for _ in range(3):
        service.step()
        service.pass_time(30)
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "building"
    service.world.back(away)
    service.pass_time(400)
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"


def test_a_port_of_the_tenants_follows_to_the_node_that_is_tried_next(service: Service) -> None:
    """The release of the first try gave it back after the second had taken it."""
    body = service.prepared()
    port_id = service.gateways.neutron.add_port(network_id=service.network, project_id="red")
    body["server"]["networks"] = [{"port_id": port_id}]
    service.world.fail_next("deploy")
    server_id = service.call("POST", "/v1/servers", body).json["uuid"]
    for _ in range(4):
        service.work()
        service.pass_time(6)
    assert service.call("GET", f"/v1/servers/{server_id}").json["status"] == "active"
    properties.finish(service)
    port = service.gateways.neutron.get_port(port_id)
    assert port is not None and port.device_id == server_id
    assert [node.instance_id for node in service.world.nodes.values() if port_id in node.vifs] == [server_id]


def test_a_delete_begins_when_what_it_stops_has_ended(service: Service) -> None:
    server_id = properties.create(service)["uuid"]
    service.step()
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    live = {row["kind"]: row for row in service.live()}
    assert live["servers.delete"]["blocked_by"] == live["servers.create"]["id"] and live["servers.delete"]["wake_at"] is None
    assert live["servers.create"]["cancel_requested"]
    properties.finish(service)
    ended = {row["kind"]: row["state"] for row in service.rows(models.Operation)}
    assert ended == {"servers.create": "cancelled", "servers.delete": "done", "nodes.release": "done"}
