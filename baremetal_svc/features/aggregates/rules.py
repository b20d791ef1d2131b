# SPDX-License-Identifier: Apache-2.0
"""Which tags an aggregate puts on its nodes."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from baremetal_svc.domain.errors import Invalid

MEMBER = "aggregate="
#: Keys of which a node has one value at most.
ZONES = ("availability_zone", "affinity_zone")
Aggregate = Mapping[str, Any]


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


def retagged(tags: Set[str], before: Iterable[Aggregate], after: Iterable[Aggregate]) -> frozenset[str]:
    """A node's tags when the aggregates that it belongs to change; what an operator put on it by hand stays."""
    return frozenset((tags - given(before)) | given(after))


def check_one_zone(node_name: str, tags: Iterable[str]) -> None:
    """:raises Invalid: the tags put the node into two zones of one kind."""
    for key in ZONES:
        zones = sorted(tag.partition("=")[2] for tag in tags if tag.startswith(f"{key}="))
        if len(zones) > 1:
            hint = "Take it out of the other aggregate first."
            raise Invalid(f"Node {node_name} would be in the {key.replace('_', ' ')}s {' and '.join(zones)}.", hint=hint)


def editable(aggregate: Aggregate) -> dict[str, Any]:
    """What of an aggregate may be edited."""
    return {"name": aggregate["name"], "metadata": dict(aggregate["metadata"])}
