# SPDX-License-Identifier: Apache-2.0
"""Which nodes may be claimed, and the explanation when too few can. The predicates stand in one list, in the order they are explained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.tags import ZONES


@dataclass(frozen=True, slots=True)
class Predicate:
    """A named condition on a node at a time (seconds since the epoch). ``scheduler.explanation`` has the same as SQL, by name."""

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


@dataclass(frozen=True, slots=True)
class Left:
    """A predicate, and how many nodes passed it and all those before it."""

    predicate: str
    nodes: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why as many nodes fit as do.

    :ivar table: the predicates in order. :ivar wanted: how many nodes were asked for, and at least. :ivar fitting: how many of them fit.
    :ivar would_fit: what to ask for instead, as sentences.
    """

    table: tuple[Left, ...]
    wanted: int
    least: int
    fitting: int
    would_fit: tuple[str, ...] = ()

    @property
    def fits(self) -> bool:
        """Enough nodes fit."""
        return self.fitting >= self.least

    @property
    def nearest_miss(self) -> str | None:
        """The predicate behind which too few nodes were left for the first time; None when enough fit."""
        if self.fits or not self.table:
            return None
        return next((left.predicate for left in self.table if left.nodes < self.least), self.table[-1].predicate)

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Explanation":
        """From its document()."""
        table = tuple(Left(**left) for left in document["table"])
        return cls(table, document["wanted"], document["least"], document["fitting"], tuple(document["would_fit"]))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "fits": self.fits, "nearest_miss": self.nearest_miss}

    def refusal(self) -> str:
        """What a tenant is told first."""
        if self.fitting == 0:
            return "No machine of this flavor is free now."
        return f"Only {self.fitting} of at least {self.least} machines of this flavor are free now."

    def sentence(self) -> str:
        """As one sentence: counts, no names."""
        counts = "; ".join(f"{left.predicate}: {left.nodes}" for left in self.table)
        return f"{'Too few nodes fit' if self.fitting else 'No node fits'}: {counts}."


#: Of a batch of which all that asked got a node.
NOTHING = Explanation((), 0, 0, 0)


def funnel(names: Sequence[str], counts: Sequence[int]) -> tuple[Left, ...]:
    """The table of an explanation; no count is above the one before it."""
    table: list[Left] = []
    for name, count in zip(names, counts, strict=True):
        table.append(Left(name, min(count, table[-1].nodes) if table else count))
    return tuple(table)


def wanted_tags(zone: str | None, aggregates: Mapping[str, str]) -> list[str]:
    """Zones and aggregates are a view on tags: what a node must carry.

    :param zone: an availability zone. :param aggregates: of the flavor, key -> value.
    """
    zones = [] if zone is None else [f"{ZONES[0]}={zone}"]
    return [*zones, *(f"{key}={value}" for key, value in sorted(aggregates.items()))]
