# SPDX-License-Identifier: Apache-2.0
"""Which terms an expression sees of a node, and the path of places."""

import itertools
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain import facts, failure_domain, tags
from baremetal_svc.domain.errors import Invalid
from baremetal_svc.domain.node import NodeFacts

LEVELS = ("dc", "room", "row", "rack", "power")
TERMS = st.text(alphabet="abtri:=_", min_size=1, max_size=20) | st.sampled_from([f"{name}:x" for name in facts.NAMES])
PATHS = st.lists(st.text(alphabet="ab1-", min_size=1, max_size=4), max_size=5).map("/".join)


def node(**more: Any) -> NodeFacts:
    return NodeFacts(id="n", resource_class="big", provision_state="available", **more)


def test_every_fact_is_a_term() -> None:
    found = facts.terms(
        node(
            tags=frozenset({"ssd"}),
            traits=("HW_CPU_X86_VMX",),
            properties={"capabilities": "boot_mode:uefi, secure_boot:true"},
            owner="p1",
            lessee="p2",
            conductor_group="east",
            shard="s1",
            retired=True,
            fault="power failure",
            maintenance=True,
            failure_domain="dc1/room2/row3",
            ports=[{"address": "00:53:00:00:00:01"}, {"address": "00:53:00:00:00:02"}],
        )
    )
    assert found == {
        "ssd", "trait:HW_CPU_X86_VMX", "capability:boot_mode=uefi", "capability:secure_boot=true", "resource_class:big",
        "owner:p1", "lessee:p2", "conductor_group:east", "shard:s1", "retired:true", "protected:false", "health:power-failure",
        "domain:dc1", "domain:dc1/room2", "domain:dc1/room2/row3", "nics:2",
    }  # fmt: skip


def test_what_is_not_set_is_no_term() -> None:
    assert facts.terms(node()) == {"resource_class:big", "retired:false", "protected:false", "health:ok"}


@pytest.mark.parametrize(
    ("fault", "maintenance", "told"),
    [(None, False, "ok"), (None, True, "maintenance"), ("clean failure", True, "clean-failure"), ("power failure", False, "power-failure")],
)
def test_health(fault: str | None, maintenance: bool, told: str) -> None:
    assert facts.health(fault, maintenance=maintenance) == told


@pytest.mark.parametrize(
    ("properties", "found"),
    [
        ({}, {}),
        ({"capabilities": None}, {}),
        ({"capabilities": ""}, {}),
        ({"capabilities": "boot_mode:uefi"}, {"boot_mode": "uefi"}),
        ({"capabilities": "a:b:c,nonsense,:x, d : e "}, {"a": "b:c", "d": "e"}),
        ({"capabilities": {"a": 1}}, {"a": "1"}),
        ({"capabilities": 7}, {}),
    ],
)
def test_capabilities(properties: dict[str, Any], found: dict[str, str]) -> None:
    assert facts.capabilities(properties) == found


@given(st.frozensets(TERMS))
def test_no_tag_passes_for_a_fact(own: frozenset[str]) -> None:
    bare = facts.facts(node())
    found = facts.terms(node(tags=own))
    assert found == bare | {tag for tag in own if not facts.is_fact(tag)}
    for tag in own:
        if facts.is_fact(tag):
            with pytest.raises(Invalid):
                tags.check_by_hand([tag])


@given(PATHS, st.lists(st.text(min_size=1, max_size=5).filter(str.isprintable), max_size=3))
def test_facts_have_the_form_of_facts(path: str, traits: list[str]) -> None:
    found = facts.facts(node(failure_domain=path, traits=tuple(traits)))
    assert all(facts.is_fact(term) and re.fullmatch(facts.FORM, term) for term in found)


@given(PATHS, st.sampled_from(LEVELS))
def test_a_place_is_a_prefix_of_the_path_at_its_level(path: str, level: str) -> None:
    found, names = failure_domain.place(path, LEVELS, level), path.split("/") if path else []
    if found is None:
        assert len(names) <= LEVELS.index(level)
    else:
        assert found.split("/") == names[: LEVELS.index(level) + 1] and found in failure_domain.prefixes(path)


@given(PATHS)
def test_prefixes_lead_to_the_path(path: str) -> None:
    found = failure_domain.prefixes(path)
    assert (found[-1] if found else "") == path
    assert all(longer.startswith(f"{shorter}/") for shorter, longer in itertools.pairwise(found))
