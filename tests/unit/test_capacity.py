# SPDX-License-Identifier: Apache-2.0
"""What machines count as: each as one thing, so that the numbers add up; thresholds; what bounds a number of servers."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baremetal_svc.domain.capacity import Group, State, Stock, full, is_low, state_of
from baremetal_svc.domain.errors import Invalid
from baremetal_svc.domain.node import TRANSIENT, NodeFacts
from baremetal_svc.domain.scheduling import can_be_claimed
from baremetal_svc.features.capacity import rules
from baremetal_svc.features.capacity.rules import Bound
from baremetal_svc.features.pools import rules as pool_rules

STATES = ["available", "active", "manageable", "enroll", "error", "clean failed", "deploy failed", "deleting", *sorted(TRANSIENT)]
CLAIMS = st.sampled_from([None, "live", "releasing"])
NODES = st.builds(
    NodeFacts,
    id=st.just("n"),
    resource_class=st.sampled_from([None, "baremetal"]),
    provision_state=st.sampled_from(STATES),
    maintenance=st.booleans(),
    instance_id=st.sampled_from([None, "i"]),
    retired=st.booleans(),
    faulty=st.booleans(),
    gone=st.booleans(),
    hold_until=st.sampled_from([0.0, 99.0, 101.0]),
    fault=st.sampled_from([None, "power failure"]),
)


def node(provision_state: str = "available", **more: object) -> NodeFacts:
    return NodeFacts("n", more.pop("resource_class", "c"), provision_state, **more)  # type: ignore[arg-type]


@settings(max_examples=50)
@given(found=NODES, claim=CLAIMS)
def test_free_is_what_can_be_claimed(found: NodeFacts, claim: str | None) -> None:
    held = NodeFacts(**{name: getattr(found, name) for name in found.__slots__ if name != "held"}, held=claim is not None)
    assert (state_of(held, claim, 100.0) == State.FREE) == can_be_claimed(held, 100.0)


@pytest.mark.parametrize(
    ("found", "claim", "state"),
    [
        (node(), None, State.FREE),
        (node("active", instance_id="i"), "live", State.IN_USE),
        (node("active", instance_id="i", maintenance=True), "live", State.IN_USE),
        (node("active", instance_id="i"), None, State.USED_ELSEWHERE),
        (node("deleting", instance_id="i", held=True), "releasing", State.CLEANING),
        (node("clean failed", instance_id="i", held=True, maintenance=True), "releasing", State.FAILED),
        (node("cleaning"), None, State.CLEANING),
        (node(hold_until=101.0), None, State.CLEANING),
        (node(hold_until=99.0), None, State.FREE),
        (node(faulty=True), None, State.FAILED),
        (node(maintenance=True), None, State.MAINTENANCE),
        (node(maintenance=True, fault="power failure"), None, State.FAILED),
        (node("manageable"), None, State.UNAVAILABLE),
        (node(retired=True), None, State.UNAVAILABLE),
        (node(resource_class=None), None, State.UNAVAILABLE),
        (node(gone=True), "live", State.GONE),
    ],
)
def test_a_machine_counts_as(found: NodeFacts, claim: str | None, state: State) -> None:
    assert state_of(found, claim, 100.0) == state


GROUPS = st.lists(
    st.builds(
        Group, st.sampled_from(["", "a", "b"]), st.sampled_from(["", "dc1", "dc1/r1/x1/k1"]), st.sampled_from(State), st.integers(1, 9)
    )
)


@settings(max_examples=50)
@given(groups=GROUPS, depth=st.integers(1, 4))
def test_states_add_up_by_class_and_by_domain(groups: list[Group], depth: int) -> None:
    stock = Stock.of(groups, depth)
    total = sum(group.nodes for group in groups)
    shown = full(stock.states)
    assert shown["total"] == stock.total == sum(number for name, number in shown.items() if name != "total") == total
    for part in (stock.classes, stock.domains):
        assert sum(full(counts)["total"] for counts in part.values()) == total
    assert stock.free == sum(group.nodes for group in groups if group.state == State.FREE)
    assert all(len(domain.split("/")) <= depth for domain in stock.domains)


def test_too_few_are_free() -> None:
    assert [is_low(free, 100, "20") for free in (19, 20)] == [True, False]
    assert [is_low(free, 30, "10%") for free in (2, 3)] == [True, False]
    assert not is_low(0, 100, None) and not is_low(0, 0, "50%") and not is_low(0, 10, "0%")


@pytest.mark.parametrize(
    ("machines", "fitting", "room", "found"),
    [
        (5, 5, 9, Bound(5, "count")),
        (3, 3, 9, Bound(3, "machines")),
        (5, 2, 9, Bound(2, "group")),
        (5, 5, 2, Bound(2, "quota")),
        (0, 0, 0, Bound(0, "machines")),
    ],
)
def test_what_bounds_a_number_of_servers(machines: int, fitting: int, room: int, found: Bound) -> None:
    assert rules.bound(5, machines=machines, fitting=fitting, room=room) == found


def test_hours_are_read() -> None:
    assert rules.hour_of("1970-01-02T01:59:59Z") == rules.hour_of("1970-01-02 01:00") == rules.hour_of("1970-01-02T03:00:00+02:00") == 25
    assert rules.hour_of("0001-01-01") == 0
    for text in ("2026-13-01", "2026-11-29T25:00:00Z", "2026 11 29"):
        with pytest.raises(Invalid):
            rules.hour_of(text)


def test_a_threshold_is_a_number_or_a_part() -> None:
    for value in (None, 0, 20, "10%"):
        assert pool_rules.threshold(pool_rules.noted({"free_below": value})) == value
    assert pool_rules.noted({}) == {}
