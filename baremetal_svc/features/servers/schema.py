# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of servers, by minor version. Source: Mogan's contract, sections 1.2 and 1.3."""

from baremetal_svc.api import secrets
from baremetal_svc.api.editing import PATCH
from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, METADATA, NAME, TAGS, UUID, closed

_TEXT = {"type": ["string", "null"], "maxLength": 255}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 1000}
_SIZE = {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 2**31}, {"type": "string", "pattern": "^[0-9]{1,9}$"}]}
_POSITIVE_SIZE = {"oneOf": [{"type": "integer", "minimum": 1, "maximum": 2**31}, {"type": "string", "pattern": "^0*[1-9][0-9]{0,8}$"}]}
_NETWORKS = {
    "type": "array",
    "minItems": 1,
    "maxItems": 16,
    "items": {"oneOf": [closed({"net_id": UUID}, ["net_id"]), closed({"port_id": UUID}, ["port_id"])]},
}
_PARTITIONS = closed({"root_gb": _POSITIVE_SIZE, "ephemeral_gb": _SIZE, "swap_mb": _SIZE}, ["root_gb"])
_SERVER = closed(
    {
        "name": NAME,
        "description": _TEXT,
        "image_uuid": UUID,
        "flavor_uuid": UUID,
        "networks": _NETWORKS,
        "availability_zone": NAME,
        "min_count": _COUNT,
        "max_count": _COUNT,
        "metadata": METADATA,
        "partitions": _PARTITIONS,
        "key_name": NAME,
        **secrets.PROPERTIES,
    },
    ["name", "image_uuid", "flavor_uuid", "networks"],
)

_SERVER_2 = {**_SERVER, "properties": {**_SERVER["properties"], "public_key": secrets.PUBLIC_KEY}}
_SERVER_3 = {**_SERVER, "properties": {**_SERVER_2["properties"], "tags": TAGS}}
_HINTS = closed({"group": UUID})
_HINTS_6 = closed({"group": UUID, "reservation": UUID})
CREATE = {
    minor: closed({"server": server, "scheduler_hints": hints}, ["server"])
    for minor, server, hints in ((1, _SERVER, _HINTS), (2, _SERVER_2, _HINTS), (3, _SERVER_3, _HINTS), (6, _SERVER_3, _HINTS_6))
}
#: What a user may change of a server that exists.
EDITED = closed({"name": NAME, "description": _TEXT, "metadata": METADATA}, ["name"])
UPDATE = {1: PATCH}
_FILTERS = {
    "name": NAME,
    "status": {"type": "string", "maxLength": 32},
    "flavor_uuid": UUID,
    "flavor_name": NAME,
    "image_uuid": UUID,
    # The beginning of an address. Mogan took a regular expression: a server must not run its users' expressions.
    "ip": {"type": "string", "pattern": "^[0-9a-fA-F.:]{1,45}$"},
    "limit": LIMIT,
    "marker": UUID,
    "sort_key": {"enum": ["id", "uuid", "name", "created_at", "status"]},
    "sort_dir": {"enum": ["asc", "desc"]},
    "all_tenants": BOOLEAN_TEXT,
}
_FIELDS = {"type": "string", "pattern": "^[a-z_]+(,[a-z_]+)*$", "maxLength": 512}

_FILTERS_3 = {**_FILTERS, "tags": {"type": "string", "minLength": 1, "maxLength": 2048}}
LIST = {1: closed({**_FILTERS, "fields": _FIELDS}), 3: closed({**_FILTERS_3, "fields": _FIELDS})}
DETAIL = {1: closed(_FILTERS), 3: closed(_FILTERS_3)}
SHOW = {1: closed({"fields": _FIELDS})}
