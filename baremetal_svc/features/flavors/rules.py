# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about flavors."""

from collections.abc import Mapping
from typing import Any

#: Came with 1.6: name -> what stands for none.
LATER: Mapping[str, Any] = {"partitions": {}, "image_properties": {}, "price": None}


def editable(flavor: Mapping[str, Any], minor: int) -> dict[str, Any]:
    """What of a flavor may be edited in a minor version: never what servers that exist were made from."""
    names = ("name", "is_public", "disabled")
    found = {name: flavor[name] for name in (names if minor < 2 else (*names, "description", "pools"))}
    found |= {"facts": flavor["facts"] or {}} if minor >= 3 else {}
    return {**found, **(told(flavor) if minor >= 6 else {})}


def told(flavor: Mapping[str, Any]) -> dict[str, Any]:
    """What everybody is told from 1.6 on, of a row or of a request: the usual layout, which images it takes, its price."""
    return {name: flavor.get(name) or none for name, none in LATER.items()}
