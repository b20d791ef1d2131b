# SPDX-License-Identifier: Apache-2.0
"""How much of a request fits under its limits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain.errors import OverQuota
from baremetal_svc.domain.quota import Use, flavor_of, granted, of_flavor

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
