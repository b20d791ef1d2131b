# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of pools."""

from baremetal_svc.api.editing import PATCH
from baremetal_svc.api.validation import EMPTY, LIMIT, NAME, UUID, closed
from baremetal_svc.domain import facts, tags

__all__ = ["CREATE", "EDITED", "EMPTY", "LIST", "UPDATE"]

_DESCRIPTION = {"type": "string", "maxLength": 255}
_OLD_TAG = {
    "type": "string",
    "pattern": r"^[a-zA-Z0-9][a-zA-Z0-9\-_.:=]{0,127}$",
    "description": "1 to 128 of the characters a-z A-Z 0-9 - _ . : and =, the first one a letter or a digit",
}
_OLD_TAGS = {"type": "array", "items": _OLD_TAG, "maxItems": 64, "uniqueItems": True}
_TERM = {
    "type": "string",
    "pattern": f"^(?:{tags.FORM}|{facts.FORM})$",
    "description": f"a tag, {tags.WORDS}, or a fact such as trait:HW_CPU_X86_VMX",
}
_TERMS = {"type": "array", "items": _TERM, "maxItems": 64, "uniqueItems": True}
#: None: all projects. An empty list: none, so that nothing is created of it while it is prepared.
_PROJECT = {"type": "string", "pattern": r"^[\w.\-]{1,64}$", "description": "the id of a project"}
_PROJECTS = {"type": ["array", "null"], "items": _PROJECT, "maxItems": 1000, "uniqueItems": True}
_OWN = {"name": NAME, "description": _DESCRIPTION, "all": _TERMS, "any": _TERMS, "none": _TERMS, "projects": _PROJECTS}
#: An expression of before stays as it is, whatever it is edited for.
_KEPT = {"type": "array", "items": {"anyOf": [_TERM, _OLD_TAG], "description": _TERM["description"]}, "maxItems": 64}

#: So many nodes, or such a part of all.
_FREE_BELOW = {
    "description": "a number of machines, or a part of all such as 10%",
    "oneOf": [
        {"type": "integer", "minimum": 0, "maximum": 10_000_000},
        {"type": "string", "pattern": "^(?:100|[1-9]?[0-9])%$"},
        {"type": "null"},
    ],
}
_OWN_6 = {**_OWN, "free_below": _FREE_BELOW}

CREATE = {
    2: closed({"name": NAME, "description": _DESCRIPTION, "all": _OLD_TAGS, "any": _OLD_TAGS, "none": _OLD_TAGS}, ["name"]),
    5: closed(_OWN, ["name"]),
    6: closed(_OWN_6, ["name"]),
}
UPDATE = {5: PATCH}
_EDITED = {"all": _KEPT, "any": _KEPT, "none": _KEPT}
_STAYS = ["name", "description", "all", "any", "none"]
EDITED = {5: closed({**_OWN, **_EDITED}, _STAYS), 6: closed({**_OWN_6, **_EDITED}, _STAYS)}
LIST = {2: closed({"limit": LIMIT, "marker": UUID})}
