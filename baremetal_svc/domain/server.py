# SPDX-License-Identifier: Apache-2.0
"""The tenant's server: its statuses. Source: Mogan's contract, sections 1.3 and 3.1."""

from enum import StrEnum


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


STABLE = frozenset({Status.ACTIVE, Status.STOPPED, Status.ERROR})
