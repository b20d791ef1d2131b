# SPDX-License-Identifier: Apache-2.0
"""power.start, power.stop, power.soft_stop, power.reboot, power.soft_reboot: the properties of every flow, and their ends."""

from pathlib import Path

import pytest

from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import Service


def _ask(service: Service, target: str) -> int:
    return service.call("PUT", f"/v1/servers/{service.server_id}/states/power", {"target": target}).status  # type: ignore[attr-defined]


def _scenario(kind: str, target: str, *first: str) -> Scenario:
    def prepare(service: Service) -> None:
        properties.active(service)
        for before in first:
            assert _ask(service, before) == 202
            service.work()
        service.world.calls.clear()
        assert _ask(service, target) == 202

    def again(service: Service) -> None:
        status = service.call("GET", f"/v1/servers/{service.server_id}").json["status"]  # type: ignore[attr-defined]
        if status == "error" or (status, target) in (("stopped", "off"), ("stopped", "soft_off")):
            # The machine did it all the same, and a listing has shown it: there is nothing left to ask for.
            assert _ask(service, target) == 409
            return
        assert _ask(service, target) == 202

    return Scenario(kind, prepare, again)


SCENARIOS = [
    _scenario("power.stop", "off"),
    _scenario("power.start", "on", "off"),
    _scenario("power.soft_stop", "soft_off"),
    _scenario("power.reboot", "reboot"),
    _scenario("power.soft_reboot", "soft_reboot"),
]
EACH = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.kind)
ENDS = {
    "power.stop": "stopped",
    "power.start": "active",
    "power.soft_stop": "stopped",
    "power.reboot": "active",
    "power.soft_reboot": "active",
}


@EACH
def test_end(tmp_path: Path, scenario: Scenario) -> None:
    done, names = properties.expected(tmp_path, scenario)
    status = ENDS[scenario.kind]
    assert done["servers"] == [("s", status, "power off" if status == "stopped" else "power on")]
    assert done["calls"] == {"set_power": 1}
    assert names == ["set-power", "wait-until-powered", "record-power"]


@EACH
def test_running_each_execute_twice_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    properties.check_execute_twice(tmp_path, scenario)


@EACH
def test_a_failure_leaves_a_stable_status_and_asking_again_completes(tmp_path: Path, scenario: Scenario) -> None:
    if scenario.kind == "power.reboot":
        # Its failure is "error": nobody knows what the machine did; only a delete leads on from there.
        scenario = Scenario(scenario.kind, scenario.prepare)
    properties.check_fail_anywhere(tmp_path, scenario, undone=False)


def test_a_power_change_that_ironic_fails(service: Service) -> None:
    SCENARIOS[0].prepare(service)
    service.world.fail_next("power")
    service.work()
    shown = service.call("GET", f"/v1/servers/{service.server_id}").json  # type: ignore[attr-defined]
    assert shown["status"] == "active"


def test_delete_cuts_a_power_change_short(service: Service) -> None:
    service.world.instant = True
    properties.active(service)
    service.world.instant = False
    assert _ask(service, "soft_off") == 202
    service.step()
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]
    service.world.instant = True
    properties.finish(service)
    assert service.world.snapshot() == frozenset()
