# SPDX-License-Identifier: Apache-2.0
"""What bounds a number of servers, and hours as they are read and written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from baremetal_svc.domain.capacity import HOUR
from baremetal_svc.domain.moment import seconds_of

#: Hours that there are: no answer goes beyond them.
FIRST, LAST = 0, 2**31 - 1


@dataclass(frozen=True, slots=True)
class Bound:
    """How many servers could be had, and what keeps it from being more: count, machines, group, quota, pools or flavor."""

    available: int
    by: str


def bound(count: int, *, machines: int, fitting: int, room: int) -> Bound:
    """Of so many asked for.

    :param machines: that are free. :param fitting: of them, that the group's rule allows. :param room: what the quota leaves.
    """
    if min(fitting, room) >= count:
        return Bound(count, "count")
    if room < fitting:
        return Bound(room, "quota")
    return Bound(fitting, "group" if fitting < machines else "machines")


def preference(flavor: Mapping[str, Any], pool_id: str) -> int:
    """The pool's place among those of the flavor, from 1 on."""
    pools: Sequence[str] = flavor["pools"]
    return pools.index(pool_id) + 1 if pool_id in pools else 1


def hour_of(text: str) -> int:
    """The hour of the epoch in which a moment (ISO 8601; without an offset in UTC) is. :raises Invalid:"""
    return min(max(int(seconds_of(text) // HOUR), FIRST), LAST)
