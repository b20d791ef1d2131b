# SPDX-License-Identifier: Apache-2.0
"""nodes.release: the properties of every flow, and that it takes no answer for the last one."""

from pathlib import Path

from baremetal_svc.db import models
from baremetal_svc.domain.errors import OutsideRefused
from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import Service


def _release(service: Service) -> None:
    server_id = properties.active(service)
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    service.step()
    assert [row["kind"] for row in service.live()].count("nodes.release") == 1


RELEASE = Scenario("nodes.release", _release)


def test_running_each_execute_twice_changes_nothing(tmp_path: Path) -> None:
    properties.check_execute_twice(tmp_path, RELEASE)


def test_a_refusal_at_any_step_is_tried_again_until_it_is_done(tmp_path: Path) -> None:
    plain, names = properties.expected(tmp_path, RELEASE)
    for name in names:
        with properties.fresh(tmp_path, f"refused-{name}", RELEASE) as service:
            refusals = [OutsideRefused("no"), ValueError("a bug"), OutsideRefused("no")]

            def refuse(task_name: str, task: object, name: str = name, left: list[Exception] = refusals) -> None:
                once = task.execute  # type: ignore[attr-defined]

                def execute(**kwargs: object) -> object:
                    if left:
                        raise left.pop()
                    return once(**kwargs)

                if task_name == name:
                    task.execute = execute  # type: ignore[attr-defined]

            service.runner = properties.wrapped(service, "nodes.release", refuse)
            service.work()
            for _ in range(4):
                service.pass_time(400)
                service.work()
            assert properties.outcome(service) == plain, name


def test_what_a_late_request_deployed_on_a_released_node_is_torn_down(service: Service) -> None:
    _release(service)
    service.world.instant = False
    [node] = [node for node in service.world.nodes.values() if node.instance_id]
    while node.provision_state != "available":
        service.work()
        service.world.tick()
    # Torn down and recorded; that it is available has not been seen yet.
    service.pass_time(61)
    service.step()
    assert service.rows(models.Claim)[0]["torn_down_at"] is not None
    node.provision_state, node.target_provision_state, node.ends_at = "active", None, None
    service.world.instant = True
    properties.finish(service)
    assert node.provision_state == "available"
    assert service.rows(models.Claim) == [] and service.live() == []


def test_a_failed_tear_down_is_asked_again(service: Service) -> None:
    _release(service)
    service.world.fail_next("undeploy")
    properties.finish(service)
    assert service.world.snapshot() == frozenset()
    assert len(service.rows(models.Offer)) == 3


def test_a_released_node_is_offered_only_after_its_quarantine(service: Service) -> None:
    _release(service)
    service.work()
    assert service.rows(models.Claim) == []
    assert len(service.rows(models.Offer)) == 2
    service.pass_time(service.lease)
    service.sync()
    assert len(service.rows(models.Offer)) == 2, "one lease is not enough: a request may take its time limit more"
    service.pass_time(7)
    service.sync()
    assert len(service.rows(models.Offer)) == 3


def test_a_node_that_cannot_be_cleaned_is_held_and_reported(service: Service) -> None:
    _release(service)
    service.world.fail_next("clean")
    service.work()
    assert [row["target_kind"] for row in service.rows(models.Fault)] == ["node"]
    assert [row["state"] for row in service.rows(models.Claim)] == ["releasing"]
    assert service.rows(models.Server) == []
