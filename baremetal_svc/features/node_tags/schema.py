# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of tags of nodes."""

from baremetal_svc.api.validation import EMPTY, LIMIT, UUID, closed
from baremetal_svc.domain.tags import FORM, WORDS

__all__ = ["BULK", "EMPTY", "HISTORY", "REPLACE"]

_TAG = {"type": "string", "pattern": f"^{FORM}$", "description": WORDS}
_TAGS = {"type": "array", "items": _TAG, "maxItems": 100, "uniqueItems": True}
_TERM = {"type": "string", "maxLength": 255, "pattern": r"^(?:[^\x00-\x20\x7f][^\x00-\x1f\x7f]*)$"}
_TERMS = {"type": "array", "items": _TERM, "maxItems": 64, "uniqueItems": True}
_IDS = {"type": "array", "items": UUID, "minItems": 1, "maxItems": 5000}
_FILTER = {**closed({"all": _TERMS, "any": _TERMS, "none": _TERMS, "node_ids": _IDS, "pool": UUID}), "minProperties": 1}

REPLACE = {5: closed({"tags": _TAGS}, ["tags"])}
BULK = {5: closed({"filter": _FILTER, "add": _TAGS, "remove": _TAGS, "dry_run": {"type": "boolean"}}, ["filter"])}
HISTORY = {5: closed({"limit": LIMIT, "marker": UUID})}
