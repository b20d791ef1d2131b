# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about flavors."""

from collections.abc import Mapping
from typing import Any


def editable(flavor: Mapping[str, Any], minor: int) -> dict[str, Any]:
    """What of a flavor may be edited in a minor version: never what servers that exist were made from."""
    names = ("name", "is_public", "disabled")
    found = {name: flavor[name] for name in (names if minor < 2 else (*names, "description", "pools"))}
    return found if minor < 3 else {**found, "facts": flavor["facts"] or {}}
