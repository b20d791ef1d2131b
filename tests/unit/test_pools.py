# SPDX-License-Identifier: Apache-2.0
"""Tag expressions and predicates, against a plain reading of what they say."""

from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain import scheduling
from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.pool import Expression

TAGS = st.frozensets(st.sampled_from("abcdef"))


@given(TAGS, TAGS, TAGS, TAGS)
def test_an_expression_is_all_any_and_none(every: frozenset[str], some: frozenset[str], none: frozenset[str], tags: frozenset[str]) -> None:
    plain = all(t in tags for t in every) and (not some or any(t in tags for t in some)) and not any(t in tags for t in none)
    assert Expression.of(all=every, any=some, none=none).holds(tags) == plain


def test_the_empty_expression_holds_for_every_node() -> None:
    assert Expression().holds(frozenset()) and Expression().holds(frozenset("ab"))


FACTS = st.builds(
    NodeFacts,
    id=st.uuids().map(str),
    resource_class=st.sampled_from(["big", None]),
    provision_state=st.sampled_from(["available", "active", "cleaning"]),
    maintenance=st.booleans(),
    instance_id=st.sampled_from([None, "x"]),
    retired=st.booleans(),
    held=st.booleans(),
    faulty=st.booleans(),
    gone=st.booleans(),
    hold_until=st.sampled_from([0.0, 10.0]),
)


@given(FACTS)
def test_a_node_can_be_claimed_when_every_predicate_holds(node: NodeFacts) -> None:
    names = [predicate.name for predicate in scheduling.PREDICATES if not predicate.holds(node, 5.0)]
    assert scheduling.can_be_claimed(node, 5.0) == (names == [])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.integers(0, 9), st.integers(1, 9))
def test_the_counts_of_an_explanation_add_up(counts: list[int], fitting: int, least: int) -> None:
    table = scheduling.funnel([str(n) for n in range(len(counts))], counts)
    left = [row.nodes for row in table]
    assert left == sorted(left, reverse=True) and left[-1] == min(counts)
    explanation = scheduling.Explanation(table, 9, least, fitting)
    assert scheduling.Explanation.of(explanation.document()) == explanation
    assert ("same moment" in explanation.refusal()) == explanation.fits
    assert (explanation.nearest_miss is None) == explanation.fits == (fitting >= least)
    assert all(str(count) in explanation.sentence() for count in left)


def test_the_nearest_miss_is_where_too_few_were_left_first() -> None:
    table = scheduling.funnel(["members", "free", "in the zone"], [8, 3, 0])
    assert scheduling.Explanation(table, 2, 2, 0).nearest_miss == "in the zone"
    assert scheduling.Explanation(table, 5, 4, 0).nearest_miss == "free"
    assert scheduling.Explanation(table, 5, 4, 5).nearest_miss is None


ELSEWHERE = st.lists(st.builds(scheduling.Elsewhere, st.text(max_size=3), st.integers(1, 9), st.none() | st.uuids().map(str)), max_size=3)


@given(ELSEWHERE.map(tuple), ELSEWHERE.map(tuple), ELSEWHERE.map(tuple))
def test_what_would_fit_is_kept_and_pools_are_for_operators(zones, flavors, pools) -> None:  # type: ignore[no-untyped-def]
    explanation = scheduling.Explanation((), 9, 2, 1, zones, flavors, pools)
    assert scheduling.Explanation.of(explanation.document()) == explanation
    assert len(explanation.would_fit) == 1 + len(zones) + len(flavors)
    placement = explanation.placement()
    assert placement["explanation"] == explanation.told() and "other_pools" not in placement["explanation"]
    assert placement["other_pools"] == explanation.document()["other_pools"] == [pool.document() for pool in pools]


def test_an_explanation_of_an_older_release_is_read() -> None:
    old = {
        "table": [{"predicate": "members", "nodes": 3}],
        "wanted": 4,
        "least": 4,
        "fitting": 3,
        "would_fit": ["3 machines"],
        "fits": False,
    }
    found = scheduling.Explanation.of(old)
    assert (found.fitting, found.zones, found.would_fit) == (3, (), ("3 machines of this flavor",))


def test_zones_and_aggregates_are_tags() -> None:
    assert scheduling.wanted_tags("az1", {"b": "2", "a": "1"}) == ["availability_zone=az1", "a=1", "b=2"]
    assert scheduling.wanted_tags(None, {}) == []
