# SPDX-License-Identifier: Apache-2.0
"""How much of a request fits under its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain.errors import OverQuota
from baremetal_svc.domain.quota import Use, flavor_of, granted, is_known, of_flavor, of_pool, pool_of, roomiest

COUNT = st.integers(0, 50)


def test_names_of_flavors() -> None:
    assert flavor_of(of_flavor("f")) == "f"
    assert flavor_of("servers") is None


def test_the_tightest_limit_decides() -> None:
    assert granted([Use("servers", 10, 3), Use("flavor:f", 5, 3)], 1, 9) == 2
    assert granted([Use("servers", -1, 99)], 1, 9) == 9
    assert granted([], 1, 9) == 9


def test_the_refusal_names_resource_limit_and_usage() -> None:
    with pytest.raises(OverQuota, match=r"servers, limit 10, in use 9, asked for 2 more"):
        granted([Use("servers", 10, 9)], 2, 3)


@given(st.lists(st.tuples(st.integers(-1, 50), COUNT), max_size=4), st.integers(1, 50), COUNT)
def test_what_is_granted_never_exceeds_a_limit(rows: list[tuple[int, int]], least: int, more: int) -> None:
    uses = [Use("r", limit, usage) for limit, usage in rows]
    try:
        count = granted(uses, least, least + more)
    except OverQuota:
        assert any(0 <= use.limit < use.usage + least for use in uses)
        return
    assert least <= count <= least + more
    assert all(use.limit < 0 or use.usage + count <= use.limit for use in uses)
    # No less than fits.
    assert count == least + more or any(use.usage + count == use.limit for use in uses)


@given(st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(-1, 20), COUNT), min_size=1), st.integers(1, 20), COUNT)
def test_out_of_any_pool_that_is_left_all_may_come(rows: dict[str, tuple[int, int]], least: int, more: int) -> None:
    pools = {name: Use(f"pool:{name}", limit, usage) for name, (limit, usage) in rows.items()}
    try:
        left, count = roomiest(pools, least, least + more)
    except OverQuota as error:
        assert all(use.room(least) < least for use in pools.values())
        assert all(use.resource in str(error) for use in pools.values())
        return
    assert left and left == [name for name in pools if name in left] and least <= count <= least + more
    assert all(pools[name].limit < 0 or pools[name].usage + count <= pools[name].limit for name in left)
    # No pool has room for more, and none that is left out has as much.
    assert all(use.room(least + more) < count for name, use in pools.items() if name not in left)
    assert count == max(use.room(least + more) for use in pools.values())


def test_a_pool_without_machines_shuts_no_other_out() -> None:
    pools = {"empty": Use("pool:empty", -1, 0), "small": Use("pool:small", 2, 0)}
    assert roomiest(pools, 1, 3, {"empty": 0, "small": 3}) == (["empty", "small"], 2)
    assert roomiest(pools, 1, 3, {"empty": 3, "small": 3}) == (["empty"], 3)
    # As before where none is free: the request is told so.
    assert roomiest(pools, 1, 3, {"empty": 0, "small": 0}) == (["empty"], 3)
    assert roomiest(pools, 3, 3, {"empty": 0, "small": 3}) == (["empty"], 3)


@given(
    st.dictionaries(st.sampled_from("abc"), st.tuples(st.integers(-1, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1),
    st.integers(1, 9),
)
def test_no_other_choice_of_pools_gives_more(rows: dict[str, tuple[int, int, int]], most: int) -> None:
    pools = {name: Use(f"pool:{name}", limit, usage) for name, (limit, usage, _) in rows.items()}
    free = {name: machines for name, (*_, machines) in rows.items()}
    left, count = roomiest(pools, 0, most, free)
    had = min(count, sum(free[name] for name in left))
    for other in range(most + 1):
        assert min(other, sum(free[name] for name, use in pools.items() if use.room(most) >= other)) <= had


def test_names_that_older_clients_know() -> None:
    assert [name for name in ("servers", "flavor:f", "pool:p", "reserved_nodes") if is_known(name, 5)] == ["servers", "flavor:f"]
    assert is_known(of_pool("p"), 6) and pool_of(of_pool("p")) == "p" and pool_of("servers") is None
