# SPDX-License-Identifier: Apache-2.0
"""Which of the machines that will do is taken first: weighers, in an operator's order. Pure; the claim feeds it with what it knows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that would do. What no weigher needs is as it is here, but for id and pool.

    :ivar place: of its pool in the flavor's order of preference, from 0.
    :ivar failure_domain: its path, "" for none. :ivar in_use: machines in the same failure domain that are held; None for no domain.
    :ivar pools: in how many pools it is on offer. :ivar claims_ended: how often it was released.
    :ivar idle_since: when it was released last, or came to be known (s since the epoch). :ivar failed_at: its latest fault, or None.
    """

    id: str
    place: int = 0
    name: str | None = None
    failure_domain: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)
    traits: Sequence[str] = ()
    in_use: int | None = None
    pools: int = 0
    claims_ended: int = 0
    idle_since: float | None = None
    failed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Wish:
    """What the machine is for. :ivar image_id: what will be installed, None when that is not said."""

    image_id: str | None = None


#: What weighers may say that they need.
NEEDS = frozenset(one.name for one in fields(Machine)) - {"id", "place"}


@dataclass(frozen=True, slots=True)
class Weigher:
    """:ivar weigh: a machine's weight, the lowest is taken first; None: not known, behind all others. :ivar needs: fields of Machine."""

    weigh: Callable[[Machine, Wish], float | None]
    needs: frozenset[str] = frozenset()


#: A weigher, and -1 to have its highest weight first, else 1.
Signed = tuple[Weigher, int]


def ordered(machines: Sequence[Machine], weighers: Sequence[Signed], wish: Wish, picks: int = 1) -> list[Machine]:
    """The machines, best first: by pool, then by the first weigher, equals by the next one; equals to the end stay as they are.

    :param picks: so many will be taken together: each counts as in use for those of its failure domain that come after it.
    """

    def key(machine: Machine) -> list[tuple[bool, float]]:
        weights = [(weigher.weigh(machine, wish), sign) for weigher, sign in weighers]
        return [(False, float(machine.place)), *((weight is None, sign * (weight or 0.0)) for weight, sign in weights)]

    left, first = {machine.id: (key(machine), machine) for machine in machines}, list[Machine]()
    while len(first) < picks - 1 and left and any("in_use" in weigher.needs for weigher, _ in weighers):
        _, best = left.pop(min(left, key=lambda one: left[one][0]))
        first.append(best)
        for other in [machine for _, machine in left.values() if best.failure_domain and machine.failure_domain == best.failure_domain]:
            fuller = replace(other, in_use=(other.in_use or 0) + 1)
            left[other.id] = key(fuller), fuller
    return [*first, *(machine for _, machine in sorted(left.values(), key=lambda one: one[0]))]


def _cached(machine: Machine, wish: Wish) -> float | None:
    listed = machine.properties.get("cached_images") or ()
    ids = listed.split(",") if isinstance(listed, str) else listed if isinstance(listed, list) else ()
    return 0 if wish.image_id is not None and wish.image_id in {str(one).strip().lower() for one in ids} else 1


#: Domains that have most machines in use, or fewest; machines without a domain last.
FULLEST_DOMAIN = Weigher(lambda machine, wish: None if machine.in_use is None else -machine.in_use, frozenset({"in_use", "failure_domain"}))
EMPTIEST_DOMAIN = Weigher(lambda machine, wish: machine.in_use, frozenset({"in_use", "failure_domain"}))
#: Machines that are in fewest pools: what serves many flavors is kept.
SCARCE = Weigher(lambda machine, wish: machine.pools, frozenset({"pools"}))
LEAST_WORN = Weigher(lambda machine, wish: machine.claims_ended, frozenset({"claims_ended"}))
LONGEST_IDLE = Weigher(lambda machine, wish: machine.idle_since, frozenset({"idle_since"}))
#: Machines that never failed, then by how long that is past.
RECENTLY_FAILED = Weigher(lambda machine, wish: machine.failed_at or 0.0, frozenset({"failed_at"}))
IMAGE_CACHED = Weigher(_cached, frozenset({"properties"}))
