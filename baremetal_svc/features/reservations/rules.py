# SPDX-License-Identifier: Apache-2.0
"""What of a reservation can be edited, and what a refusal says."""

from collections.abc import Mapping
from typing import Any

from baremetal_svc.api import views
from baremetal_svc.domain.errors import TooFewFree
from baremetal_svc.domain.scheduling import Explanation


def editable(row: Mapping[str, Any]) -> dict[str, Any]:
    """The document that a PATCH edits."""
    return {"name": row["name"], "until": views.moment(row["until"])}


def refusal(why: Explanation) -> TooFewFree:
    """What a project is told that cannot have as many machines; nothing is held for it."""
    instead = f"Reserve {', or '.join(why.would_fit)}." if why.would_fit else "Ask for fewer, or try again later."
    return TooFewFree(f"{why.refusal()} {why.sentence()}", hint=instead)
