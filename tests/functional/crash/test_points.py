# SPDX-License-Identifier: Apache-2.0
"""A conductor is killed at each point of each flow; another one goes on, and the end is the same as without a death.

The points are listed from the flows (points.py), the scenarios from the features' test_flow.py (registry.py): a new kind comes in by
itself, and without a scenario it fails here. ``-s`` prints how many points there are.
"""

from pathlib import Path
from typing import Any

import pytest

from baremetal_svc.conductor import kinds
from tests.fixtures import properties
from tests.fixtures.properties import Died, Scenario
from tests.functional.crash import registry
from tests.functional.crash.points import DONE, EXECUTE, SAVED, Death, Point, listed

SCENARIOS = registry.scenarios()
NAMES = [f"{scenario.kind}-{SCENARIOS.index(scenario)}" for scenario in SCENARIOS]


def points_of(tmp_path: Path, scenario: Scenario) -> list[Point]:
    """Listed from the flow that the scenario's operation has."""
    with properties.fresh(tmp_path, "listed", scenario) as service:
        operation = next(row for row in service.live() if row["kind"] == scenario.kind)
        return listed(scenario.kind, kinds.load()[scenario.kind].build(operation["arguments"]))


def alive(tmp_path: Path, scenario: Scenario, failing: str | None) -> dict[str, Any]:
    """The outcome when nobody dies."""
    with properties.fresh(tmp_path, f"alive-{failing}", scenario) as service:
        Death(service, scenario.kind, None, failing).conductor()
        return properties.finish(service)


def dead(tmp_path: Path, scenario: Scenario, point: Point) -> tuple[bool, dict[str, Any]]:
    """Whether a conductor died at the point, and what those after it came to."""
    with properties.fresh(tmp_path, "dead", scenario) as service:
        death = Death(service, scenario.kind, point)
        death.conductor()
        with death.watching():
            try:
                return death.died, properties.finish(service)
            except Died:
                service.pass_time(service.lease + 1)
        death.conductor()
        return death.died, properties.finish(service)


def test_every_kind_has_a_scenario() -> None:
    assert {scenario.kind for scenario in SCENARIOS} == set(kinds.load())


@pytest.mark.parametrize("scenario", SCENARIOS, ids=NAMES)
def test_a_death_at_each_point_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    points = points_of(tmp_path, scenario)
    assert len(set(points)) == len(points)
    plain = {failing: alive(tmp_path, scenario, failing) for failing in {point.failing for point in points}}
    reached = set()
    for point in points:
        died, outcome = dead(tmp_path, scenario, point)
        assert outcome == plain[point.failing], str(point)
        if died:
            reached.add(point)
    assert reached == set(points)
    print(f"{scenario.kind}: died at {len(reached)} points")


def test_a_point_that_is_not_reached_is_told_from_one_that_is(tmp_path: Path) -> None:
    [scenario] = [scenario for scenario in SCENARIOS if scenario.kind == "servers.delete"]
    assert not dead(tmp_path, scenario, Point("no-such-step", EXECUTE, SAVED))[0]
    assert dead(tmp_path, scenario, Point("", DONE, SAVED))[0]
