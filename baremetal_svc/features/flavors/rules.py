# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about flavors."""

from collections.abc import Mapping
from typing import Any

from baremetal_svc.domain.errors import Invalid

#: Came with 1.6: name -> what stands for none. Everybody is told of these,
LATER: Mapping[str, Any] = {"partitions": {}, "image_properties": {}, "price": None, "boot_mode": None, "raid": {}}
#: and operators of this.
TRAITS: Mapping[str, Any] = {"resource_traits": {}}


def editable(flavor: Mapping[str, Any], minor: int) -> dict[str, Any]:
    """What of a flavor may be edited in a minor version: never what servers that exist were made from."""
    names = ("name", "is_public", "disabled")
    found = {name: flavor[name] for name in (names if minor < 2 else (*names, "description", "pools"))}
    found |= {"facts": flavor["facts"] or {}} if minor >= 3 else {}
    return {**found, **(later(flavor) if minor >= 6 else {})}


def told(flavor: Mapping[str, Any]) -> dict[str, Any]:
    """What everybody is told from 1.6 on, of a row or of a request: the usual layout, which images it takes, its price."""
    return {name: flavor.get(name) or none for name, none in LATER.items()}


def later(flavor: Mapping[str, Any]) -> dict[str, Any]:
    """All that came with 1.6, of a row or of a request."""
    return {**told(flavor), **{name: flavor.get(name) or none for name, none in TRAITS.items()}}


def check_raid(raid: Mapping[str, Any]) -> None:
    """:raises Invalid: a schema cannot say it: Ironic takes one root volume at most."""
    roots = sum(bool(disk.get("is_root_volume")) for disk in raid.get("logical_disks", ()))
    if roots > 1:
        raise Invalid(f"raid: {roots} logical disks are root volumes.", hint="Set is_root_volume of one of them at most.")
