# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of aggregates. Source: Mogan's contract, section 1.6."""

from baremetal_svc.api.editing import PATCH
from baremetal_svc.api.validation import LIMIT, NAME, UUID, closed

# Together they are a tag of at most 255 characters; an empty value would be a zone without a name.
_METADATA = {
    "type": "object",
    "propertyNames": {
        "pattern": r"^[a-zA-Z0-9\-_:. ]{1,120}$",
        "description": "keys of 1 to 120 of the characters a-z A-Z 0-9 - _ : . and space, but for the key aggregate",
        "not": {"const": "aggregate"},
    },
    "additionalProperties": {"type": "string", "minLength": 1, "maxLength": 120, "pattern": r"^[^\x00-\x1f\x7f]+$"},
    "maxProperties": 64,
}
CREATE = {1: closed({"name": NAME, "metadata": _METADATA}, ["name"])}
EDITED = closed({"name": NAME, "metadata": _METADATA}, ["name", "metadata"])
UPDATE = {1: PATCH}
ADD_NODE = {1: closed({"node": {"type": "string", "minLength": 1, "maxLength": 255}}, ["node"])}
LIST = {1: closed({}), 3: closed({"limit": LIMIT, "marker": UUID})}
