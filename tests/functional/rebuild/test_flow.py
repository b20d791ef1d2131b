# SPDX-License-Identifier: Apache-2.0
"""rebuild.deploy: the properties of every flow, and its end."""

from pathlib import Path

from baremetal_svc.db import models
from baremetal_svc.gateways.session import Refusal
from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import Service


def _rebuild(service: Service) -> None:
    body = {"target": "rebuild", "image_uuid": service.image}  # type: ignore[attr-defined]
    assert service.call("PUT", f"/v1/servers/{service.server_id}/states/provision", body).status == 202  # type: ignore[attr-defined]


def _prepare(service: Service) -> None:
    properties.active(service)
    service.image = service.world.add_image("new")  # type: ignore[attr-defined]
    _rebuild(service)


SCENARIO = Scenario("rebuild.deploy", _prepare, _rebuild)


def test_end(service: Service) -> None:
    _prepare(service)
    assert service.call("GET", f"/v1/servers/{service.server_id}").json["status"] == "rebuilding"  # type: ignore[attr-defined]
    service.work()
    shown = service.call("GET", f"/v1/servers/{service.server_id}").json  # type: ignore[attr-defined]
    assert (shown["status"], shown["image_uuid"]) == ("active", service.image)  # type: ignore[attr-defined]
    [node] = [node for node in service.world.nodes.values() if node.instance_id]
    assert service.image in node.instance_info["image_source"]  # type: ignore[attr-defined]
    assert node.instance_info["configdrive"]["meta_data"]["uuid"] == service.server_id  # type: ignore[attr-defined]
    assert node.protected
    assert [method for method, _ in service.world.calls if method == "rebuild"] == ["rebuild"]


def test_running_each_execute_twice_changes_nothing(tmp_path: Path) -> None:
    properties.check_execute_twice(tmp_path, SCENARIO)


def test_a_failure_leaves_an_error_and_rebuilding_again_completes(tmp_path: Path) -> None:
    properties.check_fail_anywhere(tmp_path, SCENARIO, undone=False)


def test_a_rebuild_that_ironic_fails_is_completed_by_another(service: Service) -> None:
    service.world.fail_next("deploy", times=0)
    properties.active(service)
    service.image = service.world.add_image("new")  # type: ignore[attr-defined]
    service.world.fail_next("deploy")
    _rebuild(service)
    service.work()
    shown = service.call("GET", f"/v1/servers/{service.server_id}").json  # type: ignore[attr-defined]
    assert (shown["status"], shown["fault"]["message"]) == ("error", "Ironic could not deploy the node.")
    _rebuild(service)
    service.work()
    assert service.call("GET", f"/v1/servers/{service.server_id}").json["status"] == "active"  # type: ignore[attr-defined]
    assert len(service.rows(models.Claim)) == 1


def test_what_a_service_refuses_is_said_in_its_words(service: Service) -> None:
    """Gateways raise classes of their own, which come from ours."""
    server_id = properties.active(service)
    service.world.fail_next("rebuild", error=Refusal("Ironic refused: the node lacks the trait CUSTOM_A", 400))
    service.call("PUT", f"/v1/servers/{server_id}/states/provision", {"target": "rebuild"})
    properties.finish(service)
    [error] = [row["error"] for row in service.rows(models.Operation) if row["state"] == "failed"]
    assert (error["code"], error["step"]) == ("refused", "start-rebuild") and "lacks the trait CUSTOM_A" in error["message"]


def test_a_delete_waits_for_a_rebuild(service: Service) -> None:
    _prepare(service)
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]
    properties.finish(service)
    assert service.world.snapshot() == frozenset()
    assert service.rows(models.Server) == []
