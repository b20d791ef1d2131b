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


RESERVED = "not reserved"
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
    Predicate(RESERVED, lambda node, now: node.reservation_id is None),
)


def can_be_claimed(node: NodeFacts, now: float) -> bool:
    """True when every predicate holds."""
    return node.reservation_id is None and is_fit(node, now)


def is_fit(node: NodeFacts, now: float) -> bool:
    """True when every predicate holds, but for whom it is reserved."""
    return all(predicate.holds(node, now) for predicate in PREDICATES if predicate.name != RESERVED)


@dataclass(frozen=True, slots=True)
class Left:
    """A predicate, and how many nodes passed it and all those before it."""

    predicate: str
    nodes: int


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """Another zone, flavor or pool that has more of what was asked for.

    :ivar count: how many, at most as many as were wanted. :ivar id: None where the name is all there is.
    """

    name: str
    count: int
    id: str | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Elsewhere":
        """From its document()."""
        return cls(document["name"], document["count"], document.get("uuid"))

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {**({} if self.id is None else {"uuid": self.id}), "name": self.name, "count": self.count}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why as many nodes fit as do.

    :ivar table: the predicates in order. :ivar wanted: how many nodes were asked for, and at least. :ivar fitting: how many of them fit.
    :ivar reserved: among the nodes of a reservation.
    :ivar zones: other availability zones in which enough fit, :ivar flavors: flavors, :ivar pools: pools, which only operators are told of.
    """

    table: tuple[Left, ...]
    wanted: int
    least: int
    fitting: int
    zones: tuple[Elsewhere, ...] = ()
    flavors: tuple[Elsewhere, ...] = ()
    pools: tuple[Elsewhere, ...] = ()
    reserved: bool = False

    @property
    def _kind(self) -> str:
        return "of this reservation" if self.reserved else "of this flavor"

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

    @property
    def would_fit(self) -> tuple[str, ...]:
        """What to ask for instead, as sentences for tenants."""
        fewer = [f"{_machines(self.fitting)} {self._kind}"] if 0 < self.fitting < self.least else []
        zones = [f"{_machines(other.count)} of this flavor in the availability zone {other.name}" for other in self.zones]
        return (*fewer, *zones, *(f"{_machines(other.count)} of the flavor {other.name}" for other in self.flavors))

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Explanation":
        """From its document(), which an older release may have written."""
        table = tuple(Left(**left) for left in document["table"])
        others = {name: tuple(map(Elsewhere.of, document.get(f"other_{name}", ()))) for name in ("zones", "flavors", "pools")}
        return cls(table, document["wanted"], document["least"], document["fitting"], **others, reserved=document.get("reserved", False))

    def document(self) -> dict[str, Any]:
        """As JSON, all of it: for operators."""
        return {**self.told(), "other_pools": [other.document() for other in self.pools], "reserved": self.reserved}

    def told(self) -> dict[str, Any]:
        """What of it tenants are told, as JSON."""
        return {
            "table": [asdict(left) for left in self.table],
            **{name: getattr(self, name) for name in ("wanted", "least", "fitting", "fits", "nearest_miss")},
            "would_fit": list(self.would_fit),
            "other_zones": [other.document() for other in self.zones],
            "other_flavors": [other.document() for other in self.flavors],
        }

    def placement(self) -> dict[str, Any]:
        """As JSON by who may see it: all but "explanation" is for operators."""
        return {"explanation": self.told(), "other_pools": [other.document() for other in self.pools]}

    def refusal(self) -> str:
        """What a tenant is told first."""
        if self.fits:
            return f"The machines {self._kind} were taken by others at the same moment. Try again."
        if (self.nearest_miss or "").startswith(BY_RULE):
            return f"The rule of its server group leaves {self.fitting} of at least {_machines(self.least)} {self._kind}."
        if self.fitting == 0:
            return f"No machine {self._kind} is free now."
        return f"Only {self.fitting} of at least {self.least} machines {self._kind} are free now."

    def sentence(self) -> str:
        """As one sentence: counts, no names."""
        counts = "; ".join(f"{left.predicate}: {left.nodes}" for left in self.table)
        return f"{'Too few nodes fit' if self.fitting else 'No node fits'}: {counts}."


#: Begins the name of what a group's rule leaves; its policy follows.
BY_RULE = "left by the group's rule"


def _machines(count: int) -> str:
    return f"{count} machine{'' if count == 1 else 's'}"


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
