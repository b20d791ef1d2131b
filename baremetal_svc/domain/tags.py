# SPDX-License-Identifier: Apache-2.0
"""Tags of nodes: their form, those that operators put on by hand, and those that aggregates own."""

import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from baremetal_svc.domain.errors import Invalid
from baremetal_svc.domain.facts import NAMES, is_fact

FORM = r"[A-Za-z0-9_.:=\-]{1,60}"
#: The same in words.
WORDS = "1 to 60 of the characters A-Z a-z 0-9 _ . : = and -"
#: Begins the tags that say to which aggregates a node belongs: only aggregates put them on.
MEMBER = "aggregate="
#: Keys of which a node has one value at most.
ZONES = ("availability_zone", "affinity_zone")
Aggregate = Mapping[str, Any]
_NO_ZONES = tuple(f"{key}=" for key in ZONES)
_FORM = re.compile(FORM, re.ASCII)


def member_tag(aggregate_id: str) -> str:
    """The tag that says that a node belongs to the aggregate."""
    return f"{MEMBER}{aggregate_id}"


def aggregates_of(tags: Iterable[str]) -> list[str]:
    """Ids of the aggregates that a node with these tags belongs to."""
    return sorted(tag.removeprefix(MEMBER) for tag in tags if tag.startswith(MEMBER))


def given(aggregates: Iterable[Aggregate]) -> frozenset[str]:
    """The tags that aggregates ({"id", "metadata"}) give to a node of all of them."""
    found = set()
    for aggregate in aggregates:
        found.add(member_tag(aggregate["id"]))
        found |= {f"{key}={value}" for key, value in aggregate["metadata"].items()}
    return frozenset(found)


def check_form(tag: str) -> None:
    """:raises Invalid: it is no tag of a node."""
    if not _FORM.fullmatch(tag):
        raise Invalid(f"{tag[:80]!r} is no tag of a node.", hint=f"A tag of a node has {WORDS}.")


def check_by_hand(added: Iterable[str]) -> None:
    """:raises Invalid: a tag that nobody puts on by hand."""
    for tag in sorted(added):
        if is_fact(tag):
            hint = "Choose another name: " + ", ".join(f"{name}:" for name in NAMES) + " are facts of Ironic."
            raise Invalid(f"The tag {tag} is named like a fact.", hint=hint)
        if tag in _NO_ZONES:
            raise Invalid(f"The tag {tag} names no zone.", hint=f"Put the name of the zone behind it: {tag}zone1.")
        if tag.startswith(MEMBER):
            hint = "Add the node to the aggregate: POST /v1/aggregates/{aggregate_id}/nodes."
            raise Invalid(f"The tag {tag} is put on by an aggregate only.", hint=hint)


def check_one_zone(node_name: str, tags: Set[str]) -> None:
    """:raises Invalid: the tags put the node into two zones of one kind."""
    for key in ZONES:
        zones = sorted(tag.partition("=")[2] for tag in tags if tag.startswith(f"{key}="))
        if len(zones) > 1:
            hint = "Take it out of the other aggregate, or remove the other tag, first."
            raise Invalid(f"Node {node_name} would be in the {key.replace('_', ' ')}s {' and '.join(zones)}.", hint=hint)
