# SPDX-License-Identifier: Apache-2.0
"""What would fit instead: other zones, flavors and pools, looked at one after another, at most so many and so long. Changes nothing."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from baremetal_svc.db import flavors, pools
from baremetal_svc.domain.scheduling import Elsewhere, Explanation, wanted_tags
from baremetal_svc.domain.setup import Setup
from baremetal_svc.domain.spread import Rule
from baremetal_svc.scheduler.claim import Request
from baremetal_svc.scheduler.fitting import fitting

#: Of each kind so many are looked at.
TRIED = 20
#: Seconds after which no other one is looked at: whoever waits is told what was found by then.
PATIENCE = 0.25


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to which there are to be alternatives.

    :ivar places: (zone, path) of the nodes that the group's members hold. :ivar zone: the availability zone that it names.
    """

    request: Request
    rule: Rule | None
    places: Sequence[tuple[str, str]]
    zone: str | None
    flavor_id: str
    project_id: str


#: A request that is another one, and how it is called: (name, id).
Other = tuple[Request, str, str | None]


def with_alternatives(
    conn: Connection, why: Explanation, asked: Asked, *, pools_too: bool = True, clock: Callable[[], float] = time.monotonic
) -> Explanation:
    """The explanation with what would fit instead; as it is when all that were wanted fit, or for a reservation.

    An alternative has more nodes than the request now, and enough; the group's rule holds in it.

    :param clock: gives seconds.
    """
    if why.fitting >= why.wanted or asked.request.reservation_id is not None:
        return why
    until = clock() + PATIENCE

    def enough(others: Iterable[Other]) -> Iterator[Elsewhere]:
        for request, name, identifier in others:
            if clock() >= until:
                return
            count = min(fitting(conn, request, asked.rule, asked.places, why.wanted), why.wanted)
            if count >= max(why.least, why.fitting + 1):
                yield Elsewhere(name, count, identifier)

    return replace(
        why,
        zones=tuple(enough(_zones(conn, asked))),
        flavors=tuple(enough(_flavors(conn, asked))),
        pools=tuple(enough(_pools(conn, asked) if pools_too else ())),
    )


def _zones(conn: Connection, asked: Asked) -> Iterator[Other]:
    """By name; none where any zone would do."""
    if asked.zone is None:
        return
    [own] = wanted_tags(asked.zone, {})
    rest = [tag for tag in asked.request.tags if tag != own]
    others = [zone for zone in pools.values_of(conn, pools.AVAILABILITY_ZONE) if zone != asked.zone]
    for zone in others[:TRIED]:
        yield replace(asked.request, tags=[*wanted_tags(zone, {}), *rest]), zone, None


def _flavors(conn: Connection, asked: Asked) -> Iterator[Other]:
    """Those of the same resource class first, then by name."""
    project, wanted = asked.project_id, asked.request
    found = flavors.instead_of(conn, asked.flavor_id, wanted.resource_class, usable_by=project, limit=TRIED)
    named = {flavor["id"]: flavor["pools"] or [pools.DEFAULT_ID] for flavor in found}
    is_open = set(pools.open_to(conn, sorted({pool_id for some in named.values() for pool_id in some}), project))
    for flavor in found:
        pool_ids = [pool_id for pool_id in named[flavor["id"]] if pool_id in is_open]
        tags = wanted_tags(asked.zone, flavor["resource_aggregates"])
        if pool_ids:
            setup = replace(Setup.of_flavor(flavor), nics=wanted.setup.nics)
            own = {"resource_class": flavor["resource_class"], "tags": tags, "setup": setup}
            yield replace(wanted, pool_ids=pool_ids, **own), flavor["name"], flavor["id"]


def _pools(conn: Connection, asked: Asked) -> Iterator[Other]:
    """By name, whoever may draw on them: for operators."""
    for pool_id, name in pools.instead_of(conn, asked.request.pool_ids, TRIED):
        yield replace(asked.request, pool_ids=[pool_id]), name, pool_id
