# SPDX-License-Identifier: Apache-2.0
"""The tenant's server: its statuses. Source: Mogan's contract, sections 1.3 and 3.1."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from baremetal_svc.domain.errors import Conflict


class Status(StrEnum):
    """Status of a server. The words are those of the Mogan contract."""

    BUILDING = "building"
    ACTIVE = "active"
    STOPPED = "stopped"
    ERROR = "error"
    DELETING = "deleting"
    POWERING_ON = "powering-on"
    POWERING_OFF = "powering-off"
    SOFT_POWERING_OFF = "soft-powering-off"
    REBOOTING = "rebooting"
    SOFT_REBOOTING = "soft-rebooting"
    REBUILDING = "rebuilding"


STABLE = frozenset({Status.ACTIVE, Status.STOPPED, Status.ERROR})


def check_not_deleting(server: Mapping[str, Any]) -> None:
    """:raises Conflict: the server is being deleted."""
    if server["status"] == Status.DELETING:
        raise Conflict(f"Server {server['id']} is being deleted.", hint="Nothing of it can be changed any more.")


def check_workable(server: Mapping[str, Any], node: Mapping[str, Any] | None) -> None:
    """:raises Conflict: there is no machine, or somebody works on it: Ironic would refuse, or switch it under their hands."""
    if node is None:
        raise Conflict(f"Server {server['id']} has no machine.", hint="Delete it and create it again.")
    if node["maintenance"]:
        raise Conflict(f"The machine of server {server['id']} is in maintenance.", hint="Try again when an operator has ended it.")


def check_unlocked(server: Mapping[str, Any], *, is_operator: bool) -> None:
    """:raises Conflict: the server is locked, and the caller is no operator."""
    if server["locked_by"] and not is_operator:
        raise Conflict(f"Server {server['id']} is locked by its {server['locked_by']}.", hint="Unlock it first.")
