# SPDX-License-Identifier: Apache-2.0
"""Limits of what a project may have: names of what is limited, and how much of a request fits."""

from collections.abc import Iterable
from dataclasses import dataclass

from baremetal_svc.domain.errors import OverQuota

SERVERS, SERVER_GROUPS, KEYPAIRS = "servers", "server_groups", "keypairs"
#: What every project has a limit of; key pairs are counted for each user, the rest for the project.
RESOURCES = (SERVERS, SERVER_GROUPS, KEYPAIRS)
UNLIMITED = -1
_FLAVOR = "flavor:"


def of_flavor(flavor_id: str) -> str:
    """The name of "servers of this flavor"."""
    return f"{_FLAVOR}{flavor_id}"


def flavor_of(resource: str) -> str | None:
    """The flavor's id in such a name, None in others."""
    return resource.removeprefix(_FLAVOR) if resource.startswith(_FLAVOR) else None


@dataclass(frozen=True, slots=True)
class Use:
    """How much of its limit is used; a negative limit is none."""

    resource: str
    limit: int
    usage: int

    def room(self, most: int) -> int:
        """How many more fit, at most ``most``."""
        return most if self.limit < 0 else min(most, max(0, self.limit - self.usage))


def granted(uses: Iterable[Use], least: int, most: int) -> int:
    """How many fit under every limit, at most ``most``.

    :raises OverQuota: fewer than ``least``.
    """
    count = most
    for use in uses:
        free = use.room(most)
        if free < least:
            raise OverQuota(f"Over quota: {use.resource}, limit {use.limit}, in use {use.usage}, asked for {least} more.")
        count = min(count, free)
    return count
