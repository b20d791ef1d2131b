# SPDX-License-Identifier: Apache-2.0
"""What of a pool is edited, and how far its rebuild is."""

from collections.abc import Mapping, Sequence
from typing import Any

from baremetal_svc.domain.errors import Conflict

EXPRESSION = {"all": "all_of", "any": "any_of", "none": "none_of"}
#: Names of flavors that a refusal gives.
NAMED = 5


def editable(pool: Mapping[str, Any], minor: int) -> dict[str, Any]:
    """What of a pool may be edited in a minor version."""
    own = {name: pool[name] for name in ("name", "description", "projects")}
    later = {} if minor < 6 else {"free_below": threshold(pool)}
    return {**own, **later, **{name: list(pool[column]) for name, column in EXPRESSION.items()}}


def columns(document: Mapping[str, Any], minor: int) -> dict[str, Any]:
    """A document that was edited in a minor version as columns."""
    own = {"name": document["name"], "description": document["description"], "projects": document.get("projects")}
    # What was taken out of it is no more; what an older version does not show stays.
    later = {} if minor < 6 else noted({"free_below": document.get("free_below")})
    return {**own, **later, **{column: list(dict.fromkeys(document[name])) for name, column in EXPRESSION.items()}}


def threshold(pool: Mapping[str, Any]) -> int | str | None:
    """What a row says of free_below: a number of nodes, a part such as "10%", or None."""
    found = pool["free_below"]
    return int(found) if found is not None and found.isdigit() else found


def noted(asked: Mapping[str, Any]) -> dict[str, str | None]:
    """free_below as a column; nothing where it is not named."""
    if "free_below" not in asked:
        return {}
    return {"free_below": None if asked["free_below"] is None else str(asked["free_below"])}


def has_other_members(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether an edit changes what the pool selects."""
    return any(set(before[column]) != set(after[column]) for column in EXPRESSION.values())


def check_unused(pool_id: str, flavors: Sequence[str]) -> None:
    """:raises Conflict: flavors (by name) draw on it."""
    if flavors:
        names = ", ".join(flavors[:NAMED]) + (" and others" if len(flavors) > NAMED else "")
        raise Conflict(
            f"Pool {pool_id} is used by the flavors {names}.", hint="Take it out of their pools first: PATCH /v1/flavors/{flavor_id}."
        )


def progress(pool: Mapping[str, Any]) -> int:
    """Percent of the nodes that a rebuild has looked at, about: by the place of the last one in the order of ids; 100 at rest."""
    if pool["rebuilt_generation"] >= pool["generation"]:
        return 100
    begin = pool["rebuilt_up_to"][:8]
    return int(begin, 16) * 100 >> 32 if begin else 0
