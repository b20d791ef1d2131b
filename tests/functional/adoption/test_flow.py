# SPDX-License-Identifier: Apache-2.0
"""adoption.adopt and adoption.release: the properties of every flow; whatever happens, the machine runs on."""

from pathlib import Path

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import ADMIN, Service

IMAGE = "1a9e0000-0000-4000-8000-000000000009"


def running(service: Service) -> str:
    """A machine that somebody deployed without us, with a port of project red; its id."""
    network = service.world.add_network()
    port = service.gateways.neutron.add_port(network, "red")
    [node] = service.world.add_nodes(
        1, provision_state="active", power_state="power on", instance_info={"image_source": IMAGE}, vifs=[port]
    )
    service.port = port  # type: ignore[attr-defined]
    service.sync()
    return node


def _adopt(service: Service) -> None:
    body = {"name": "old", "node_uuid": service.node, "project_id": "red"}  # type: ignore[attr-defined]
    reply = service.call("POST", "/v1/manageable_servers", body, token=ADMIN)
    assert reply.status == 201, reply.raw
    service.server_id = reply.json["uuid"]  # type: ignore[attr-defined]


def _prepare_adopt(service: Service) -> None:
    service.node = running(service)  # type: ignore[attr-defined]
    _adopt(service)


def _release(service: Service) -> None:
    assert service.call("DELETE", f"/v1/manageable_servers/{service.server_id}", token=ADMIN).status == 204  # type: ignore[attr-defined]


def _prepare_release(service: Service) -> None:
    _prepare_adopt(service)
    service.work()
    service.world.calls.clear()
    _release(service)


def _release_again(service: Service) -> None:
    # Once the claim is gone only the row of the failed server is left.
    if service.rows(models.Claim):
        _release(service)
    else:
        assert service.call("DELETE", f"/v1/servers/{service.server_id}", token=ADMIN).status == 204  # type: ignore[attr-defined]


ADOPT = Scenario("adoption.adopt", _prepare_adopt)
RELEASE = Scenario("adoption.release", _prepare_release, _release_again)
EACH = pytest.mark.parametrize("scenario", [ADOPT, RELEASE], ids=lambda scenario: scenario.kind)


def test_adopt_and_let_go(service: Service) -> None:
    _prepare_adopt(service)
    before = {**vars_of(service), "instance_id": None}
    service.work()
    shown = service.call("GET", f"/v1/servers/{service.server_id}").json  # type: ignore[attr-defined]
    assert (shown["status"], shown["power_state"], shown["flavor_uuid"], shown["image_uuid"]) == ("active", "power on", None, IMAGE)
    assert len(shown["addresses"]) == 1
    node = service.world.nodes[service.node]  # type: ignore[attr-defined]
    assert node.protected and node.instance_id == service.server_id  # type: ignore[attr-defined]
    assert service.world.ports[service.port].device_id == service.server_id  # type: ignore[attr-defined]
    _release(service)
    service.work()
    assert service.call("GET", f"/v1/servers/{service.server_id}").status == 404  # type: ignore[attr-defined]
    assert vars_of(service) == before
    assert service.world.ports[service.port].device_id == ""  # type: ignore[attr-defined]
    assert service.rows(models.Claim) == service.rows(models.Offer) == []


def test_a_machine_with_the_port_of_another_server_is_not_adopted(service: Service) -> None:
    """It was let go with its port, and the port was given to another server since."""
    _prepare_release(service)
    service.work()
    service.world.add_nodes(1)
    asked = service.prepared(0)["server"]
    body = {**asked, "networks": [{"port_id": service.port}]}  # type: ignore[attr-defined]
    other = service.call("POST", "/v1/servers", {"server": body}).json["uuid"]
    service.work()
    assert service.world.ports[service.port].device_id == other  # type: ignore[attr-defined]
    before = vars_of(service)
    _adopt(service)
    service.work()
    shown = service.call("GET", f"/v1/servers/{service.server_id}", token=ADMIN).json  # type: ignore[attr-defined]
    assert shown["status"] == "error" and "serves another server" in shown["fault"]["message"]
    assert vars_of(service) == before and service.world.ports[service.port].device_id == other  # type: ignore[attr-defined]
    assert [row["server_id"] for row in service.rows(models.Nic) if row["port_id"]] == [other]


def vars_of(service: Service) -> dict[str, object]:
    """What must be as before once the machine is let go."""
    node = service.world.nodes[service.node]  # type: ignore[attr-defined]
    names = ("provision_state", "power_state", "instance_info", "vifs", "protected", "instance_id")
    return {name: getattr(node, name) for name in names}


@EACH
def test_running_each_execute_twice_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    properties.check_execute_twice(tmp_path, scenario)


def test_an_adoption_that_fails_anywhere_leaves_the_machine_as_it_was(tmp_path: Path) -> None:
    properties.check_fail_anywhere(tmp_path, Scenario("adoption.adopt", _prepare_adopt), undone=False)
    for step in ("bind-node", "take-ports", "protect-node", "record-adoption"):
        with properties.fresh(tmp_path, f"as-before-{step}", ADOPT) as service:
            before = vars_of(service)
            properties._fail_after(service, ADOPT, step, undone=True)
            assert vars_of(service) == before, step
            assert service.world.ports[service.port].device_id == "", step  # type: ignore[attr-defined]
            assert service.rows(models.Claim) == []
            assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]


def test_letting_go_is_completed_when_it_is_asked_for_again(tmp_path: Path) -> None:
    properties.check_fail_anywhere(tmp_path, RELEASE, undone=False)


def test_no_flow_of_adoption_changes_a_provision_state(tmp_path: Path) -> None:
    for scenario in (ADOPT, RELEASE):
        with properties.fresh(tmp_path, f"calls-{scenario.kind}", scenario) as service:
            properties.finish(service)
            assert {method for method, _ in service.world.calls} & {"deploy", "undeploy", "rebuild", "set_power", "unbind_node"} == set()
