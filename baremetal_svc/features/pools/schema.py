# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of pools."""

from baremetal_svc.api.validation import EMPTY, LIMIT, NAME, UUID, closed

__all__ = ["CREATE", "EMPTY", "LIST", "TAG"]

TAG = {"type": "string", "pattern": r"^[a-zA-Z0-9][a-zA-Z0-9\-_.:=]{0,127}$"}
_TAGS = {"type": "array", "items": TAG, "maxItems": 64, "uniqueItems": True}

CREATE = {
    2: closed({"name": NAME, "description": {"type": "string", "maxLength": 255}, "all": _TAGS, "any": _TAGS, "none": _TAGS}, ["name"])
}
LIST = {2: closed({"limit": LIMIT, "marker": UUID})}
