# SPDX-License-Identifier: Apache-2.0
"""Where a node stands: what operators may say, what Ironic says, and when a word would break what a group was promised."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain import failure_domain
from baremetal_svc.domain.errors import Invalid
from baremetal_svc.domain.failure_domain import LLDP, OPERATOR, PROPERTIES
from baremetal_svc.domain.spread import AFFINITY, ANTI_AFFINITY, POLICIES, Rule, breaks

LEVELS = ["dc", "room", "row", "rack", "power"]
SWITCHES = {"tor-a": "dc1/room2/rack7/a", "tor-b": "dc1/room2/rack7/b", "00:53:00:00:00:01": "dc1/room3", "far": "dc2"}


@pytest.mark.parametrize("path", ["dc1", "dc1/room2/row3/rack7/pdu-a", "a.b_c:d-e", "x" * 60, "/".join(["x" * 39] * 5)])
def test_a_path_that_operators_may_set(path: str) -> None:
    failure_domain.check(path, LEVELS)


@pytest.mark.parametrize(
    "path", ["", "/", "/dc1", "dc1/", "dc1//rack", "dc 1", "dc1\n", "d\u00fc", "a=b", "x" * 61, "1/2/3/4/5/6", "/".join(["x" * 40] * 5)]
)
def test_a_path_that_is_none(path: str) -> None:
    with pytest.raises(Invalid) as raised:
        failure_domain.check(path, LEVELS)
    assert raised.value.hint != Invalid.hint


def _ports(*names: tuple[str, ...]) -> list[dict[str, Any]]:
    return [{"address": "x", **({"switches": list(some)} if some else {})} for some in names]


@pytest.mark.parametrize(
    ("properties", "ports", "path", "source"),
    [
        ({}, _ports(), "", None),
        ({}, _ports((), ("unknown",)), "", None),
        ({"failure_domain": None}, _ports(), "", None),
        ({"failure_domain": 7}, _ports(("far",)), "7", PROPERTIES),
        ({"failure_domain": "dc1/rack"}, _ports(("far",)), "dc1/rack", PROPERTIES),
        ({"failure_domain": "x" * 256}, _ports(), "", None),
        ({}, _ports(("tor-a",)), "dc1/room2/rack7/a", LLDP),
        ({}, _ports(("tor-a",), ("tor-b", "00:53:00:00:00:01"), ()), "dc1/room2/rack7", LLDP),
        ({}, _ports(("named", "00:53:00:00:00:01"), ("tor-a",)), "dc1", LLDP),
        ({}, _ports(("tor-a",), ("far",)), "", None),
    ],
)
def test_what_ironic_says(properties: Any, ports: Any, path: str, source: str | None) -> None:
    assert failure_domain.of_ironic(properties, ports, SWITCHES) == path
    assert failure_domain.source(None, path, properties) == source
    assert failure_domain.source("dc9", "dc9", properties) == OPERATOR


def test_the_option_names_switches_by_name_or_address() -> None:
    entries = ["tor-a=dc1/rack7", " 00:53:00:00:00:01 = dc1 ", "odd=name=dc2"]
    assert failure_domain.by_switch(entries) == {"tor-a": "dc1/rack7", "00:53:00:00:00:01": "dc1", "odd=name": "dc2"}
    for bad in ("tor-a", "=dc1", "tor-a=", "tor-a=dc1//rack", "tor-a:dc1"):
        with pytest.raises(ValueError, match="switch_domains"):
            failure_domain.by_switch([bad])


RULES = st.builds(Rule, st.sampled_from(POLICIES), st.just(None), st.integers(1, 2))
PLACES = st.sampled_from(["", "a", "b", "c"])


def _holds(rule: Rule, domains: list[str]) -> bool:
    """A plain reading of a hard rule; of one member it says nothing."""
    if len(domains) == 1 or not rule.hard:
        return True
    if rule.policy == AFFINITY:
        return len(set(domains)) == 1 and "" not in domains
    return "" not in domains and max(Counter(domains).values()) <= rule.most


@given(RULES, st.lists(PLACES, max_size=4), PLACES, PLACES)
def test_a_rule_that_holds_goes_on_holding_unless_it_is_said_to_be_broken(rule: Rule, others: list[str], here: str, there: str) -> None:
    if _holds(rule, [*others, here]):
        assert breaks(rule, here, there, Counter(others)) == (not _holds(rule, [*others, there]))


def test_what_is_broken_may_be_mended_bit_by_bit() -> None:
    apart, together = Rule(ANTI_AFFINITY), Rule(AFFINITY)
    assert not breaks(apart, "a", "b", {"a": 2}) and breaks(apart, "b", "a", {"a": 1})
    assert not breaks(together, "a", "b", {"a": 1, "b": 1}) and breaks(together, "a", "c", {"a": 1, "b": 1})
