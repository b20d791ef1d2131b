# SPDX-License-Identifier: Apache-2.0
"""Weighers: what each puts first, and what holds for any order of any of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baremetal_svc.domain import ranking
from baremetal_svc.domain.ranking import NEEDS, Machine, Weigher, Wish, ordered
from baremetal_svc.domain.spread import ANTI_AFFINITY, Candidate, Rule, choose
from baremetal_svc.scheduler import ranking as loading

IMAGE = "1a9e0000-0000-4000-8000-000000000001"
BUILT_IN = {
    "fullest_domain": ranking.FULLEST_DOMAIN,
    "emptiest_domain": ranking.EMPTIEST_DOMAIN,
    "scarce": ranking.SCARCE,
    "least_worn": ranking.LEAST_WORN,
    "longest_idle": ranking.LONGEST_IDLE,
    "recently_failed": ranking.RECENTLY_FAILED,
    "image_cached": ranking.IMAGE_CACHED,
}


@pytest.mark.parametrize(
    ("weigher", "field", "values", "best_first"),
    [
        ("fullest_domain", "in_use", [1, None, 7, 0], [7, 1, 0, None]),
        ("emptiest_domain", "in_use", [1, None, 7, 0], [0, 1, 7, None]),
        ("scarce", "pools", [3, 1, 2], [1, 2, 3]),
        ("least_worn", "claims_ended", [5, 0, 2], [0, 2, 5]),
        ("longest_idle", "idle_since", [50.0, 9.0, 70.0], [9.0, 50.0, 70.0]),
        ("recently_failed", "failed_at", [50.0, None, 9.0], [None, 9.0, 50.0]),
        (
            "image_cached",
            "properties",
            [{}, {"cached_images": f"other, {IMAGE.upper()}"}],
            [{"cached_images": f"other, {IMAGE.upper()}"}, {}],
        ),
        (
            "image_cached",
            "properties",
            [{"cached_images": 7}, {"cached_images": [IMAGE]}],
            [{"cached_images": [IMAGE]}, {"cached_images": 7}],
        ),
    ],
)
def test_table(weigher: str, field: str, values: list[Any], best_first: list[Any]) -> None:
    machines = [Machine(str(number), **{field: value}) for number, value in enumerate(values)]
    assert [getattr(machine, field) for machine in ordered(machines, [(BUILT_IN[weigher], 1)], Wish(IMAGE))] == best_first


def _domains(weigher: Weigher, used: dict[str, int], picks: int) -> str:
    machines = [Machine(f"{domain}{number}", failure_domain=domain, in_use=used[domain]) for domain in used for number in range(4)]
    first = ordered(machines, [(weigher, 1)], Wish(), picks)
    assert sorted(machine.id for machine in first) == sorted(machine.id for machine in machines)
    return "".join(machine.failure_domain for machine in first[:picks])


def test_machines_that_are_taken_together_count_for_each_other() -> None:
    assert _domains(ranking.EMPTIEST_DOMAIN, {"a": 2, "b": 1}, 5) == "babab"
    assert _domains(ranking.EMPTIEST_DOMAIN, {"a": 2, "b": 1}, 8) == "babababa"
    assert _domains(ranking.FULLEST_DOMAIN, {"a": 2, "b": 1}, 6) == "aaaabb"


def test_machines_in_no_domain_count_for_nobody() -> None:
    machines = [Machine(str(number)) for number in range(3)]
    assert ordered(machines, [(ranking.EMPTIEST_DOMAIN, 1)], Wish(), 3) == machines


def test_what_is_not_known_is_last_whatever_the_sign() -> None:
    machines = [Machine("none"), Machine("full", in_use=9), Machine("empty", in_use=0)]
    for name, sign, order in (("fullest_domain", 1, "full empty none"), ("fullest_domain", -1, "empty full none")):
        assert [machine.id for machine in ordered(machines, [(BUILT_IN[name], sign)], Wish())] == order.split()


def test_the_first_weigher_decides_and_the_next_breaks_ties() -> None:
    machines = [Machine("a", pools=2, claims_ended=0), Machine("b", pools=1, claims_ended=9), Machine("c", pools=1, claims_ended=3)]
    both = [(ranking.SCARCE, 1), (ranking.LEAST_WORN, 1)]
    assert [machine.id for machine in ordered(machines, both, Wish())] == ["c", "b", "a"]
    assert [machine.id for machine in ordered(machines, both[::-1], Wish())] == ["a", "c", "b"]


def test_without_an_image_none_is_cached() -> None:
    machines = [Machine("a"), Machine("b", properties={"cached_images": "None"})]
    assert [machine.id for machine in ordered(machines, [(ranking.IMAGE_CACHED, 1)], Wish())] == ["a", "b"]


SOME = st.builds(
    Machine,
    id=st.uuids().map(str),
    place=st.integers(0, 2),
    properties=st.sampled_from([{}, {"cached_images": IMAGE}, {"cached_images": None}, {"cached_images": {"a": 1}}]),
    in_use=st.none() | st.integers(0, 3),
    pools=st.integers(0, 3),
    claims_ended=st.integers(0, 3),
    idle_since=st.none() | st.floats(0, 9),
    failed_at=st.none() | st.floats(0, 9),
)
WEIGHERS = st.lists(st.tuples(st.sampled_from(list(BUILT_IN.values())), st.sampled_from([1, -1])), max_size=4)


@settings(max_examples=50)
@given(st.lists(SOME, max_size=20, unique_by=lambda machine: machine.id), WEIGHERS)
def test_an_order_loses_nobody_and_keeps_to_pools_and_to_the_first_weigher(machines: list[Machine], weighers: Any) -> None:
    found = ordered(machines, weighers, Wish(IMAGE))
    assert sorted(found, key=lambda machine: machine.id) == sorted(machines, key=lambda machine: machine.id)
    assert [machine.place for machine in found] == sorted(machine.place for machine in machines)
    assert ordered(found, weighers, Wish(IMAGE)) == found
    for weigher, sign in weighers[:1]:
        weights = [weigher.weigh(machine, Wish(IMAGE)) for machine in found if machine.place == 0]
        known = [sign * weight for weight in weights if weight is not None]
        assert known == sorted(known) and None not in weights[: len(known)]


@settings(max_examples=50)
@given(st.lists(SOME, max_size=20, unique_by=lambda machine: machine.id), WEIGHERS, st.integers(1, 6))
def test_no_ranking_breaks_a_hard_rule(machines: list[Machine], weighers: Any, needed: int) -> None:
    domains = {machine.id: f"room{machine.claims_ended}" for machine in machines}
    best_first = [Candidate(one.id, "p", domains[one.id], domains[one.id]) for one in ordered(machines, weighers, Wish())]
    found = choose(best_first, needed, Rule(ANTI_AFFINITY), {})
    assert len(found) == min(needed, len(set(domains.values()))) == len({candidate.zone for candidate in found})
    if found:
        assert found[0] == best_first[0]


def test_those_that_are_configured_are_loaded_in_order() -> None:
    found = loading.load(["scarce", "longest_idle:-1", " least_worn:1 "])
    assert found.names == ["scarce", "longest_idle:-1", "least_worn"] and found
    assert not loading.load([])


def test_every_weigher_of_ours_can_be_configured() -> None:
    assert loading.load(list(BUILT_IN)).names == list(BUILT_IN)


@pytest.mark.parametrize(
    ("configured", "told"),
    [
        (["nonsense"], "'nonsense', which is no weigher. Weighers are emptiest_domain, fullest_domain,"),
        (["scarce", "scarce:-1"], "'scarce' twice"),
        (["scarce:2"], "'scarce:2'"),
        ([""], "'', which is no weigher"),
    ],
)
def test_what_cannot_be_used_is_refused_by_the_options_name(configured: list[str], told: str) -> None:
    with pytest.raises(ValueError, match=r"\[scheduler\] weighers") as refused:
        loading.load(configured)
    assert told in str(refused.value)


def test_what_an_entry_point_names_must_be_a_weigher_that_needs_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"no baremetal_svc\.domain\.ranking\.Weigher"):
        loading._checked("mine", object())
    with pytest.raises(ValueError, match="needs 'wheels'"):
        loading._checked("mine", Weigher(lambda machine, wish: 1, frozenset({"wheels"})))
    assert "name" in NEEDS and "id" not in NEEDS


@pytest.mark.parametrize("weight", [float("nan"), None, "heavy", 1 / 3])
def test_a_weigher_that_fails_stops_no_claim(weight: Any) -> None:
    broken = loading._guarded("mine", Weigher(lambda machine, wish: weight if machine.id == "a" else 1))
    found = ordered([Machine("a"), Machine("b")], [(broken, 1)], Wish())
    assert [machine.id for machine in found] == (["a", "b"] if weight == 1 / 3 else ["b", "a"])
