# SPDX-License-Identifier: Apache-2.0
"""What the tags of a node become: those that its aggregates give it stay, whatever is asked."""

from collections.abc import Iterable

from baremetal_svc.domain.errors import Conflict, Invalid
from baremetal_svc.domain.tags import check_by_hand, check_one_zone

#: Tags that a node has at most.
MOST = 100
Tags = frozenset[str]


def replaced(node_id: str, before: Tags, given: Tags, wanted: Iterable[str]) -> Tags:
    """These tags and what aggregates give. :raises Invalid:"""
    return _checked(node_id, before, (given & before) | frozenset(wanted))


def changed(node_id: str, before: Tags, given: Tags, add: Iterable[str], remove: Iterable[str]) -> Tags:
    """Some more, some less. :raises Invalid: :raises Conflict: an aggregate gives one that would go."""
    kept = sorted(given & before & frozenset(remove))
    if kept:
        hint = "Take the node out of the aggregate, or change the aggregate's metadata."
        raise Conflict(f"Node {node_id} has the tag {kept[0]} from an aggregate.", hint=hint)
    return _checked(node_id, before, (before | frozenset(add)) - frozenset(remove))


def check_bulk(add: Iterable[str], remove: Iterable[str]) -> None:
    """:raises Invalid: nothing is asked for, or one tag is to come and to go."""
    both = sorted(set(add) & set(remove))
    if both:
        raise Invalid(f"The tag {both[0]} is both in add and in remove.", hint="Name it in one of them.")
    if not [*add, *remove]:
        raise Invalid("Neither add nor remove names a tag.", hint="Name what shall be put on or taken off.")


def most_nodes(nodes: int, changes: int, tags: int) -> int:
    """Nodes that one request may change which names so many tags: ``nodes`` at most, with ``changes`` at most in all; one node always."""
    return min(nodes, max(1, changes // tags))


def check_count(matching: int, most: int) -> None:
    """:raises Invalid: more nodes than one request may change."""
    if matching > most:
        hint = (
            "Narrow the filter, by another tag, a pool or node_ids, or name fewer tags, and send several requests; "
            "or raise [api] max_tagged_nodes and max_tag_changes."
        )
        raise Invalid(f"The filter selects more than {most} nodes, the most for so many tags.", hint=hint)


def _checked(node_id: str, before: Tags, after: Tags) -> Tags:
    check_by_hand(after - before)
    if len(after) > max(MOST, len(before)):
        raise Invalid(f"Node {node_id} would have {len(after)} tags; {MOST} is the most.", hint="Remove some first.")
    check_one_zone(node_id, after)
    return after
