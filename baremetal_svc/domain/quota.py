# SPDX-License-Identifier: Apache-2.0
"""Limits of what a project may have: names of what is limited, and how much of a request fits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from baremetal_svc.domain.errors import OverQuota

SERVERS, SERVER_GROUPS, KEYPAIRS, RESERVED_NODES = "servers", "server_groups", "keypairs", "reserved_nodes"
#: What every project has a limit of; key pairs are counted for each user, the rest for the project.
RESOURCES = (SERVERS, SERVER_GROUPS, KEYPAIRS, RESERVED_NODES)
#: Those that clients of microversions before 1.6 know.
BEFORE_6 = (SERVERS, SERVER_GROUPS, KEYPAIRS)
UNLIMITED = -1
_FLAVOR, _POOL, _RESERVATION = "flavor:", "pool:", "reservation:"


def of_flavor(flavor_id: str) -> str:
    """The name of "servers of this flavor"."""
    return f"{_FLAVOR}{flavor_id}"


def flavor_of(resource: str) -> str | None:
    """The flavor's id in such a name, None in others."""
    return resource.removeprefix(_FLAVOR) if resource.startswith(_FLAVOR) else None


def of_pool(pool_id: str) -> str:
    """The name of "machines out of this pool"."""
    return f"{_POOL}{pool_id}"


def pool_of(resource: str) -> str | None:
    """The pool's id in such a name, None in others."""
    return resource.removeprefix(_POOL) if resource.startswith(_POOL) else None


def of_reservation(reservation_id: str) -> str:
    """The name of "servers that use this reservation", of which its count is the limit."""
    return f"{_RESERVATION}{reservation_id}"


def is_known(resource: str, minor: int) -> bool:
    """Whether clients of a microversion know the resource."""
    return minor >= 6 or resource in BEFORE_6 or flavor_of(resource) is not None


@dataclass(frozen=True, slots=True)
class Use:
    """How much of its limit is used; a negative limit is none."""

    resource: str
    limit: int
    usage: int

    def room(self, most: int) -> int:
        """How many more fit, at most ``most``."""
        return most if self.limit < 0 else min(most, max(0, self.limit - self.usage))


def granted(uses: Iterable[Use], least: int, most: int, *, hint: str | None = None) -> int:
    """How many fit under every limit, at most ``most``.

    :param hint: of the refusal. :raises OverQuota: fewer than ``least``.
    """
    count = most
    for use in uses:
        free = use.room(most)
        if free < least:
            raise _over([use], least, hint)
        count = min(count, free)
    return count


def roomiest(pools: Mapping[str, Use], least: int, most: int, free: Mapping[str, int] | None = None) -> tuple[list[str], int]:
    """The pools, in order, each of which has room for as many as shall be made, and how many that is, at most ``most``.

    One that could take fewer is left out: a claim may take all out of any one pool.

    :param pools: machines of a project by pool. :param free: machines that can be had, by pool; None: enough of all.
    :raises OverQuota: none has room for ``least``.
    """
    room = {pool_id: use.room(most) for pool_id, use in pools.items()}

    def had(count: int) -> int:
        return min(count, sum(free[pool_id] for pool_id, fit in room.items() if fit >= count)) if free else count

    counts = sorted({fit for fit in room.values() if fit >= least}, reverse=True)
    if not counts:
        raise _over(pools.values(), least)
    # The largest of those that give as much: the others are told that no machine is free, not that there is a limit.
    count = max(counts, key=had)
    return [pool_id for pool_id, fit in room.items() if fit >= count], count


def _over(uses: Iterable[Use], least: int, hint: str | None = None) -> OverQuota:
    numbers = "; ".join(f"{use.resource}, limit {use.limit}, in use {use.usage}" for use in uses)
    return OverQuota(f"Over quota: {numbers}, asked for {least} more.", hint=hint)
