# SPDX-License-Identifier: Apache-2.0
"""An undo that is refused waits as a row: no thread is held, a kill costs nothing, an operator learns of it, a delete follows."""

from pathlib import Path
from typing import Any

import pytest

from baremetal_svc.conductor.runner import PATIENCE
from baremetal_svc.db import models
from baremetal_svc.domain.errors import OutsideRefused
from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import ADMIN, Service
from tests.functional.adoption import test_flow as adoption
from tests.functional.networks import test_flow as networks

#: An operation, the last step of it that is undone by a request, what fails before that, and the request that undoes.
UNDONE = [
    (networks.SCENARIOS[0], "connect-port", "attach_vif", "release_port"),
    (adoption.ADOPT, "bind-node", "attach_port", "abandon_node"),
]
EACH = pytest.mark.parametrize(("scenario", "step", "fails", "undoes"), UNDONE, ids=[scenario.kind for scenario, *_ in UNDONE])


def refused(service: Service, fails: str, undoes: str, times: int) -> None:
    service.world.fail_next(fails, error=OutsideRefused("no"))
    service.world.fail_next(undoes, times=times, error=OutsideRefused("not now"))


def parked(service: Service) -> bool:
    [row] = service.live()
    return (row["state"], row["owner"], row["lease_until"]) == ("waiting", None, None)


@EACH
def test_it_waits_without_a_thread_and_becomes_a_fault(tmp_path: Path, scenario: Scenario, step: str, fails: str, undoes: str) -> None:
    with properties.fresh(tmp_path, "waits", scenario) as service:
        refused(service, fails, undoes, PATIENCE + 2)
        for attempt in range(PATIENCE + 2):
            # The run has come back, and with it its thread.
            assert service.step() == 1 and parked(service)
            faults = [row["code"] for row in service.rows(models.Fault) if row["code"] == "keeps_failing"]
            assert len(faults) == (attempt >= PATIENCE)
            service.pass_time(301)
        properties.finish(service)
        ended(service, scenario)


@EACH
def test_a_kill_in_it_costs_nothing(tmp_path: Path, scenario: Scenario, step: str, fails: str, undoes: str) -> None:
    """After the request that undoes and before that is saved."""

    def die(name: str, task: Any) -> None:
        once = task.revert

        def revert(*args: Any, **kwargs: Any) -> None:
            once(*args, **kwargs)
            raise properties.Died

        if name == step:
            task.revert = revert

    with properties.fresh(tmp_path, "dies", scenario) as service:
        service.world.fail_next(fails, error=OutsideRefused("no"))
        with pytest.raises(properties.Died):
            service.step(properties.wrapped(service, scenario.kind, die))
        assert [row["state"] for row in service.live()] == ["running"]
        service.pass_time(service.lease + 1)
        properties.finish(service)
        ended(service, scenario)


def test_a_delete_waits_for_it_and_follows(tmp_path: Path) -> None:
    scenario, _, fails, undoes = UNDONE[0]
    with properties.fresh(tmp_path, "deleted", scenario) as service:
        refused(service, fails, undoes, 3)
        service.step()
        assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]
        properties.finish(service)
        assert {row["kind"]: row["state"] for row in service.rows(models.Operation)} == {
            "servers.create": "done", "networks.attach": "failed", "servers.delete": "done", "nodes.release": "done",
        }  # fmt: skip
        assert {kind for kind, *_ in service.world.snapshot()} == {"port"}


def ended(service: Service, scenario: Scenario) -> None:
    """It failed for what failed, nothing of it is held, and nothing is left of its undoing."""
    [operation] = [row for row in service.rows(models.Operation) if row["kind"] == scenario.kind]
    assert (operation["state"], operation["error"]["code"]) == ("failed", "refused")
    assert service.live() == []
    server = service.call("GET", f"/v1/servers/{operation['target_id']}", token=ADMIN).json
    assert server["status"] in ("active", "error")
    assert {port.device_id for port in service.world.ports.values()} <= {"", operation["target_id"]}
    nics = service.call("GET", f"/v1/servers/{operation['target_id']}/networks", token=ADMIN).json["nics"]
    served = {port.id for port in service.world.ports.values() if port.device_id}
    assert {nic["port_id"] for nic in nics} == served
