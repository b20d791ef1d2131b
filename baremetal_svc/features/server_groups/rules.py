# SPDX-License-Identifier: Apache-2.0
"""What of a group's rule makes sense."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal_svc.domain.errors import Invalid
from baremetal_svc.domain.spread import TOGETHER


def columns(asked: Mapping[str, Any], levels: Sequence[str]) -> dict[str, Any]:
    """policy, level, depth and max_per_domain of a new group.

    :param levels: names of the steps of a failure domain's path. :raises Invalid: no such level, or the parts contradict each other.
    """
    policy, level = asked["policies"][0], asked.get("level")
    if level is not None and level not in levels:
        raise Invalid(f"There is no level {level!r} of failure domains.", hint=f"Levels here are {', '.join(levels)}.")
    if "max_per_domain" in asked and policy in TOGETHER:
        raise Invalid(f"max_per_domain says how far to keep apart, {policy} keeps together.", hint="Leave it out, or use anti-affinity.")
    depth = None if level is None else list(levels).index(level) + 1
    return {"policy": policy, "level": level, "depth": depth, "max_per_domain": asked.get("max_per_domain", 1)}
