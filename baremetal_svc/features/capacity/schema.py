# SPDX-License-Identifier: Apache-2.0
"""Queries of capacity."""

from baremetal_svc.api.validation import EMPTY, LIMIT, NAME, UUID, closed

#: ISO 8601; what is none is refused by whoever reads it.
_MOMENT = {"type": "string", "pattern": r"^[0-9]{4}-[0-9T:.+\-Z ]{6,30}$", "description": "a time such as 2026-11-29T17:00:00Z"}

POOL = {6: EMPTY}
HISTORY = {6: closed({"since": _MOMENT, "until": _MOMENT, "limit": LIMIT, "marker": _MOMENT})}
FORECAST = {6: closed({"weeks": {"type": "integer", "minimum": 1, "maximum": 26}})}
NOW = {
    6: closed(
        {"flavor": UUID, "count": {"type": "integer", "minimum": 1, "maximum": 1000}, "group": UUID, "availability_zone": NAME}, ["flavor"]
    )
}
