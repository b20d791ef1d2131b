# SPDX-License-Identifier: Apache-2.0
"""What the machines of a pool are doing: each is in exactly one state, so that the states add up; and when too few are free."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from baremetal_svc.domain.node import NodeFacts
from baremetal_svc.domain.scheduling import can_be_claimed, is_fit
from baremetal_svc.domain.spread import prefix


class State(StrEnum):
    """What a machine counts as."""

    FREE = "free"
    RESERVED = "reserved"
    IN_USE = "in_use"
    CLEANING = "cleaning"
    MAINTENANCE = "maintenance"
    FAILED = "failed"
    USED_ELSEWHERE = "used_elsewhere"
    UNAVAILABLE = "unavailable"
    GONE = "gone"


#: Seconds between two counts that history keeps.
HOUR = 3600
#: Provision states in which Ironic gave up. Source: Ironic's state machine documentation.
FAILED = frozenset(
    {
        "error", "deploy failed", "clean failed", "inspect failed", "adopt failed", "rescue failed", "unrescue failed", "service failed",
    }
)  # fmt: skip
#: Provision states between a tenant and the next one.
CLEANING = frozenset({"deleting", "cleaning", "clean wait", "clean hold"})


def state_of(node: NodeFacts, claim: str | None, now: float) -> State:
    """The first that fits, what holds longest first: a broken machine that is also to be cleaned is no free one soon.

    :param claim: state of the claim that holds the node, None for none. :param now: seconds since the epoch.
    """
    return next(state for state, holds in _rules(node, claim, now) if holds)


def _rules(node: NodeFacts, claim: str | None, now: float) -> tuple[tuple[State, bool], ...]:
    # Ironic sets its fault with the maintenance that it begins itself: that machine is broken, nobody works on it.
    broken = node.faulty or node.provision_state in FAILED or (node.maintenance and node.fault is not None)
    return (
        (State.GONE, node.gone),
        (State.IN_USE, claim == "live"),
        (State.USED_ELSEWHERE, claim is None and node.instance_id is not None),
        (State.FAILED, broken),
        (State.MAINTENANCE, node.maintenance),
        (State.CLEANING, claim is not None or node.provision_state in CLEANING or node.hold_until > now),
        (State.FREE, can_be_claimed(node, now)),
        (State.RESERVED, is_fit(node, now)),
        (State.UNAVAILABLE, True),
    )


@dataclass(frozen=True, slots=True)
class Group:
    """So many machines that are alike; ``domain`` is their whole path, "" for none."""

    resource_class: str
    domain: str
    state: State
    nodes: int


Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Stock:
    """Machines by state, of each resource class ("" for none) and in each failure domain ("" for none)."""

    classes: Mapping[str, Counts] = field(default_factory=dict)
    domains: Mapping[str, Counts] = field(default_factory=dict)

    @classmethod
    def of(cls, groups: Iterable[Group], depth: int) -> "Stock":
        """Folded up.

        :param depth: steps of the path that make a domain; a machine with fewer counts where its own path ends.
        """
        classes: dict[str, Counter[str]] = defaultdict(Counter)
        domains: dict[str, Counter[str]] = defaultdict(Counter)
        for group in groups:
            classes[group.resource_class][group.state] += group.nodes
            domains[prefix(group.domain, depth) or group.domain][group.state] += group.nodes
        return cls({name: dict(found) for name, found in classes.items()}, {name: dict(found) for name, found in domains.items()})

    @property
    def states(self) -> dict[str, int]:
        """Machines by state."""
        return dict(sum((Counter(counts) for counts in self.classes.values()), Counter()))

    @property
    def total(self) -> int:
        """All machines."""
        return sum(self.states.values())

    @property
    def free(self) -> int:
        """Those that can be claimed."""
        return self.states.get(State.FREE, 0)


def full(counts: Counts) -> dict[str, int]:
    """Every state with its number, and their total."""
    return {"total": sum(counts.values()), **{state.value: counts.get(state, 0) for state in State}}


def is_low(free: int, total: int, free_below: str | None) -> bool:
    """Whether fewer are free than there should be.

    :param free_below: a number ("20") or a part of the total ("10%"); None: it does not matter.
    """
    if free_below is None:
        return False
    if free_below.endswith("%"):
        return free * 100 < int(free_below.removesuffix("%")) * total
    return free < int(free_below)
