# SPDX-License-Identifier: Apache-2.0
"""Which nodes may be claimed, and the explanation when none can. The predicates stand in one list, in the order they are explained."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass

from baremetal_svc.domain.node import NodeFacts


@dataclass(frozen=True, slots=True)
class Predicate:
    """A named condition on a node at a time (seconds since the epoch)."""

    name: str
    holds: Callable[[NodeFacts, float], bool]


PREDICATES: tuple[Predicate, ...] = (
    Predicate("known to Ironic", lambda node, now: not node.gone),
    Predicate("has a resource class", lambda node, now: node.resource_class is not None),
    Predicate("not retired", lambda node, now: not node.retired),
    Predicate("not in maintenance", lambda node, now: not node.maintenance),
    Predicate("without a fault", lambda node, now: not node.faulty),
    Predicate("not held by a server", lambda node, now: not node.held),
    Predicate("not used by another system", lambda node, now: node.instance_id is None),
    Predicate("available in Ironic", lambda node, now: node.provision_state == "available"),
    Predicate("past the quarantine after its release", lambda node, now: node.hold_until <= now),
)


def can_be_claimed(node: NodeFacts, now: float) -> bool:
    """True when every predicate holds."""
    return all(predicate.holds(node, now) for predicate in PREDICATES)


def spread(policy: str, held: Sequence[str]) -> tuple[Sequence[str] | None, Sequence[str] | None]:
    """Failure domains (within, outside) for one more member of a group whose other members hold these.

    :param policy: affinity or anti-affinity; None in the answer stands for no condition, an empty "outside" for any domain but none.
    """
    if policy == "affinity" and held:
        return held, None
    return None, () if policy == "affinity" else held


def explain(nodes: Iterable[NodeFacts], now: float, *, fitting: Set[str]) -> list[tuple[str, int]]:
    """How many nodes each predicate left, in order.

    :param fitting: ids of the nodes that fit this request: its zone, its group, not tried before; the last entry.
    """
    left = list(nodes)
    table = [("in the flavor's pools and resource class", len(left))]
    for predicate in PREDICATES:
        left = [node for node in left if predicate.holds(node, now)]
        table.append((predicate.name, len(left)))
    table.append(("in the zone and group asked for, and not tried before", sum(node.id in fitting for node in left)))
    return table


def sentence(table: Sequence[tuple[str, int]]) -> str:
    """The table as one sentence for a tenant: counts, no names."""
    return "No node fits: " + "; ".join(f"{name}: {count}" for name, count in table) + "."
