# SPDX-License-Identifier: Apache-2.0
"""Rules of groups: a table, and what holds for any order of arrivals."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain.spread import (
    AFFINITY,
    ANTI_AFFINITY,
    POLICIES,
    SOFT_AFFINITY,
    SOFT_ANTI_AFFINITY,
    Candidate,
    Rule,
    choose,
    prefix,
    room,
)

PATHS = st.sampled_from(["", "d/r1/k1", "d/r1/k2", "d/r2/k1", "d/r2/k3", "d/r3", "d"])
NODES = st.lists(PATHS, max_size=30).map(lambda paths: [Candidate(str(n), "p", path, path) for n, path in enumerate(paths)])
DEPTHS = st.sampled_from([None, 1, 2, 3])


@pytest.mark.parametrize(
    ("path", "depth", "domain"),
    [("dc1/room2/rack7", 1, "dc1"), ("dc1/room2/rack7", 3, "dc1/room2/rack7"), ("dc1/room2", 3, ""), ("", 1, ""), ("dc1", 1, "dc1")],
)
def test_a_prefix_is_whole_steps_or_nothing(path: str, depth: int, domain: str) -> None:
    assert prefix(path, depth) == domain


def _nodes(*paths: str) -> list[Candidate]:
    return [Candidate(f"{path}:{n}", "p", path, path) for n, path in enumerate(paths)]


@pytest.mark.parametrize(
    ("policy", "held", "paths", "needed", "chosen"),
    [
        (ANTI_AFFINITY, "", "a a b", 3, "a b"),
        (ANTI_AFFINITY, "a", "a a b", 2, "b"),
        (AFFINITY, "", "a b b", 2, "b b"),
        (AFFINITY, "", "a b b", 3, "b b"),
        (AFFINITY, "a", "b b a", 2, "a"),
        (SOFT_ANTI_AFFINITY, "a", "a b a", 3, "b a a"),
        (SOFT_AFFINITY, "a", "b a b", 2, "a b"),
        (SOFT_AFFINITY, "", "a b b", 2, "b b"),
    ],
)
def test_table(policy: str, held: str, paths: str, needed: int, chosen: str) -> None:
    found = choose(_nodes(*paths.split()), needed, Rule(policy), Counter(held.split()))
    assert [candidate.path for candidate in found] == chosen.split()


@given(NODES, st.integers(1, 12))
def test_without_a_rule_the_first_ones_are_taken(nodes: list[Candidate], needed: int) -> None:
    assert choose(nodes, needed, None, {}) == nodes[:needed]


@given(st.lists(st.tuples(NODES, st.integers(1, 4)), max_size=6), DEPTHS, st.integers(1, 3))
def test_hard_anti_affinity_holds_for_any_order_of_arrivals(
    arrivals: list[tuple[list[Candidate], int]], depth: int | None, most: int
) -> None:
    rule, held = Rule(ANTI_AFFINITY, depth, most), Counter[str]()
    for nodes, needed in arrivals:
        found = choose(nodes, needed, rule, held)
        domains = Counter(rule.domain(node.zone, node.path) for node in nodes)
        room = sum(min(count, max(0, most - held[domain])) for domain, count in domains.items() if domain)
        assert len(found) == min(needed, room), "a machine was refused that the rule allows"
        held.update(rule.domain(node.zone, node.path) for node in found)
        assert max(held.values(), default=0) <= most and "" not in held


@given(st.lists(st.tuples(NODES, st.integers(1, 4)), max_size=6), DEPTHS)
def test_hard_affinity_is_one_domain_for_any_order_of_arrivals(arrivals: list[tuple[list[Candidate], int]], depth: int | None) -> None:
    rule, held = Rule(AFFINITY, depth), Counter[str]()
    for nodes, needed in arrivals:
        found = choose(nodes, needed, rule, held)
        domains = Counter(rule.domain(node.zone, node.path) for node in nodes)
        rooms = [count for domain, count in domains.items() if domain and (not held or domain in held)]
        assert len(found) == min(needed, max(rooms, default=0))
        held.update(rule.domain(node.zone, node.path) for node in found)
        assert len(held) <= 1 and "" not in held


@given(NODES, st.sampled_from(POLICIES), DEPTHS, st.integers(1, 3), st.lists(PATHS, max_size=4))
def test_there_is_room_for_as_many_as_would_be_chosen(
    nodes: list[Candidate], policy: str, depth: int | None, most: int, held: list[str]
) -> None:
    rule = Rule(policy, depth, most)
    of_members = Counter(rule.domain(path, path) for path in held)
    there = Counter((node.zone, node.path) for node in nodes)
    assert room(there, rule, of_members) == len(choose(nodes, len(nodes) + 1, rule, of_members))


@given(NODES, st.integers(1, 12), st.sampled_from([SOFT_AFFINITY, SOFT_ANTI_AFFINITY]), DEPTHS, st.lists(PATHS, max_size=4))
def test_soft_rules_refuse_nobody_and_take_nobody_twice(
    nodes: list[Candidate], needed: int, policy: str, depth: int | None, held: list[str]
) -> None:
    rule = Rule(policy, depth)
    found = choose(nodes, needed, rule, Counter(rule.domain(path, path) for path in held))
    assert len(found) == min(needed, len(nodes)) == len({node.node_id for node in found})


@given(NODES, st.integers(1, 12), DEPTHS)
def test_soft_anti_affinity_is_as_even_as_the_nodes_allow(nodes: list[Candidate], needed: int, depth: int | None) -> None:
    rule = Rule(SOFT_ANTI_AFFINITY, depth)
    found = Counter(rule.domain(node.zone, node.path) for node in choose(nodes, needed, rule, {}))
    there = Counter(rule.domain(node.zone, node.path) for node in nodes)
    found.pop("", None)
    for domain, count in found.items():
        assert all(found[other] >= count - 1 or found[other] == there[other] for other in there if other), domain
