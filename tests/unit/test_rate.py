# SPDX-License-Identifier: Apache-2.0
"""Token buckets by a clock of our own."""

from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.api import rate
from baremetal_svc.api.rate import Buckets


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_the_rate() -> None:
    clock = Clock()
    buckets = Buckets(2.0, 3, clock)
    assert [buckets.take("p") for _ in range(3)] == [0.0] * 3
    assert buckets.take("p") == 0.5
    assert buckets.take("q") == 0.0
    clock.now += 0.5
    # The refused one has taken nothing.
    assert (buckets.take("p"), buckets.take("p")) == (0.0, 0.5)
    clock.now += 1000
    assert [bool(buckets.take("p")) for _ in range(5)] == [False, False, False, True, True]


@given(st.sampled_from([0.1, 0.3, 1.0, 7.0, 100.0]), st.integers(1, 9), st.lists(st.floats(0, 20), max_size=60))
def test_never_more_than_burst_and_rate_allow_and_the_wait_is_true(per_second: float, burst: int, pauses: list[float]) -> None:
    clock, taken = Clock(), []
    buckets = Buckets(per_second, burst, clock)
    for pause in pauses:
        clock.now += pause
        wait = buckets.take("p")
        if wait:
            clock.now += wait
            assert buckets.take("p") == 0.0
        taken.append(clock.now)
    for first in range(len(taken)):
        for last in range(first, len(taken)):
            assert last - first + 1 <= burst + per_second * (taken[last] - taken[first]) + 1e-6


def test_the_number_of_projects_remembered_is_bounded() -> None:
    buckets = Buckets(1.0, 1, Clock())
    for number in range(rate.REMEMBERED + 100):
        assert buckets.take(f"p{number}") == 0.0
    assert len(buckets._full_at) == rate.REMEMBERED
