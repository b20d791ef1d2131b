# SPDX-License-Identifier: Apache-2.0
"""The line through the free machines of a pool: exact where they lie on one, silent where a line would say nothing."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baremetal_svc.domain.forecast import LEAST_POINTS, forecast, line

START = 494_000


def falling(count: int = 100, start: float = 500, by: float = 2) -> list[tuple[float, float]]:
    return [(START + hour, start - by * hour) for hour in range(count)]


@settings(max_examples=50)
@given(slope=st.integers(-50, 50), level=st.integers(0, 100_000), hours=st.sets(st.integers(START, START + 5000), min_size=2))
def test_points_on_a_line_give_that_line(slope: int, level: int, hours: set[int]) -> None:
    found = line([(hour, level + slope * (hour - START)) for hour in hours])
    assert found is not None
    assert found.slope == pytest.approx(slope, abs=1e-6)
    assert found.at(START) == pytest.approx(level, abs=1e-2)
    assert found.fit == pytest.approx(1.0)


@settings(max_examples=50)
@given(points=st.lists(st.tuples(st.integers(START, START + 700), st.integers(0, 1000)), min_size=LEAST_POINTS, max_size=200))
def test_it_is_always_a_time_or_a_reason(points: list[tuple[int, int]]) -> None:
    found = forecast(points, START + 700)
    assert (found.hours_left is None) == (found.reason is not None)
    assert found.hours_left is None or found.hours_left >= 0
    assert found.line is None or 0 <= found.line.fit <= 1


def test_it_runs_out_where_the_line_ends() -> None:
    found = forecast(falling(), START + 100)
    assert found.reason is None and found.hours_left == pytest.approx(150)
    assert found.line is not None and found.line.slope == pytest.approx(-2)


def test_hours_may_be_missing_and_in_any_order() -> None:
    points = falling()[::-3]
    assert len(points) < LEAST_POINTS
    found = forecast([*points, *falling()[1::3]], START + 100)
    assert found.hours_left == pytest.approx(150)


@pytest.mark.parametrize(
    ("points", "reason"),
    [
        ([], "0 of the 48 hours"),
        (falling(47), "47 of the 48 hours"),
        (falling(by=0), "does not become less"),
        (falling(by=-1), "does not become less"),
        (falling(start=1_000_000, by=1), "more than ten years"),
    ],
)
def test_or_it_says_why_not(points: list[tuple[float, float]], reason: str) -> None:
    found = forecast(points, START + 100)
    assert found.hours_left is None and reason in str(found.reason)


def test_a_pool_without_anything_free_has_run_out() -> None:
    assert forecast([(START + hour, 0) for hour in range(60)], START + 60).hours_left == 0
