# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about flavors."""

from collections.abc import Mapping
from typing import Any


def editable(flavor: Mapping[str, Any], minor: int) -> dict[str, Any]:
    """What of a flavor may be edited in a minor version: never what servers that exist were made from."""
    names = ("name", "is_public", "disabled")
    return {name: flavor[name] for name in (names if minor < 2 else (*names, "description", "pools"))}
