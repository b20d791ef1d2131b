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


GOOD = NodeFacts(id="n", resource_class="big", provision_state="available")
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


@given(st.lists(FACTS, max_size=20))
def test_the_explanation_ends_with_what_can_be_claimed(nodes: list[NodeFacts]) -> None:
    table = scheduling.explain(nodes, 5.0, fitting={node.id for node in nodes})
    counts = [count for _, count in table]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == len(nodes)
    assert counts[-1] == counts[-2] == sum(scheduling.can_be_claimed(node, 5.0) for node in nodes)


@given(st.lists(st.text(max_size=3), max_size=4))
def test_a_group_stands_together_or_apart(held: list[str]) -> None:
    within, outside = scheduling.spread("affinity", held)
    assert (within, outside) == ((held, None) if held else (None, ()))
    assert scheduling.spread("anti-affinity", held) == (None, held)


def test_tried_nodes_are_the_last_line() -> None:
    table = scheduling.explain([GOOD], 0.0, fitting=set())
    assert [count for _, count in table][-2:] == [1, 0]
    assert "not tried before" in scheduling.sentence(table)
