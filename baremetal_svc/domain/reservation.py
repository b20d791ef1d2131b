# SPDX-License-Identifier: Apache-2.0
"""Machines that are held for a project until a time: what of a request makes sense, and what operators are told when some are missing."""

from collections.abc import Mapping
from typing import Any

from baremetal_svc.domain.errors import Conflict, Invalid
from baremetal_svc.domain.moment import seconds_of

#: The fault of a reservation that has lost machines for which there are no others.
SHORT = "reservation_short"
DAY = 86400.0
#: The hint of who wants more servers than it has machines.
USED_UP = "Each server that was asked for with it counts until it is deleted, also a failed one. Delete one, or make another reservation."


def end_of(text: str, now: float, longest: float) -> float:
    """The end of a reservation as seconds since the epoch.

    :param text: ISO 8601, in UTC where it names no zone. :param now: seconds since the epoch. :param longest: days from now.
    :raises Invalid: no time, in the past, or too far.
    """
    until = seconds_of(text)
    if until <= now:
        raise Invalid(f"until: {text} is over.", hint="A reservation begins now and ends later.")
    if until > now + longest * DAY:
        raise Invalid(f"until: {text} is more than {longest:g} days away.", hint="Reserve for a shorter time, and prolong it.")
    return until


def check_lasting(row: Mapping[str, Any], hint: str = "Make another one, or ask without it.") -> None:
    """:raises Conflict: the reservation is over."""
    if not row["live"]:
        raise Conflict(f"Reservation {row['id']} is over.", hint=hint)


def shortage(name: str, count: int, missing: int) -> str:
    """What operators are told."""
    have = f"{missing} of the {count} machines of the reservation {name} {'is' if missing == 1 else 'are'} missing"
    return f"{have}, and no other ones are free: mend them, or tag more machines for its pools."
