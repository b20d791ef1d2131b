# SPDX-License-Identifier: Apache-2.0
"""Microversions: OpenStack-API-Version: baremetal_compute 1.N. No header means 1.1, the Mogan contract."""

import re

from baremetal_svc.domain.errors import UnsupportedVersion

SERVICE_TYPE = "baremetal_compute"
HEADER = "OpenStack-API-Version"
MINIMUM, MAXIMUM = 1, 6
#: The first in which operations can be looked at.
OPERATIONS = 2
_FORM = re.compile(r"^(0|[1-9]\d{0,2})\.(0|[1-9]\d{0,2})\Z")

#: What each minor version added; the history page of the docs is made from it.
HISTORY = {
    1: "The contract of Mogan: servers, power states, flavors, node names.",
    2: "Operations with steps and long poll, pools, node details, flavors with pools, links to operations, lists with next links.",
    3: "Tags of servers, facts of flavors, cancelling, events and faults, limits and quotas, owners and release of adopted servers.",
    4: "Retry of servers in error, reset of their status, faults cleared by operators.",
    5: "Tags of nodes, facts in expressions, pools edited and opened to projects, groups by level, why too few machines fitted.",
    6: "Dry run, what would fit and weighers in placement, capacity and forecast of pools, what more flavors say, failure domains set.",
}


def negotiate(header: str | None) -> int:
    """The minor version that a request asks for.

    :raises UnsupportedVersion: not ours, or not of the form "1.N" or "latest".
    """
    for part in (header or "").split(","):
        service, _, version = part.strip().partition(" ")
        if service == SERVICE_TYPE:
            return _minor(version.strip())
    return MINIMUM


def _minor(version: str) -> int:
    if version == "latest":
        return MAXIMUM
    found = _FORM.match(version)
    if found is None or int(found[1]) != 1 or not MINIMUM <= int(found[2]) <= MAXIMUM:
        raise UnsupportedVersion(f"Version {version[:20]!r} is not supported; supported are 1.{MINIMUM} to 1.{MAXIMUM}.")
    return int(found[2])
