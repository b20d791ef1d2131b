# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of servers, by minor version. Source: Mogan's contract, sections 1.2 and 1.3."""

from baremetal_svc.api.editing import PATCH
from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, NAME, UUID, closed

_TEXT = {"type": ["string", "null"], "maxLength": 255}
_COUNT = {"type": "integer", "minimum": 1, "maximum": 1000}
_SIZE = {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 2**31}, {"type": "string", "pattern": "^[0-9]{1,9}$"}]}
_POSITIVE_SIZE = {"oneOf": [{"type": "integer", "minimum": 1, "maximum": 2**31}, {"type": "string", "pattern": "^0*[1-9][0-9]{0,8}$"}]}
_METADATA = {
    "type": "object",
    "propertyNames": {"pattern": r"^[a-zA-Z0-9\-_:. ]{1,255}$"},
    "additionalProperties": {"type": "string", "maxLength": 255},
    "maxProperties": 128,
}
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
        # Base64 of at most 65,535 characters; decoded in the use case, since JSON Schema does not check it.
        "user_data": {"type": "string", "minLength": 1, "maxLength": 65535},
        "min_count": _COUNT,
        "max_count": _COUNT,
        "metadata": _METADATA,
        "partitions": _PARTITIONS,
        "key_name": NAME,
    },
    ["name", "image_uuid", "flavor_uuid", "networks"],
)
_PUBLIC_KEY = {"type": "string", "maxLength": 16384, "pattern": r"^(ssh|ecdsa|sk)-[a-z0-9@.\-]+ [A-Za-z0-9+/=]+( [^\n\r]*)?$"}

CREATE = {
    1: closed({"server": _SERVER}, ["server"]),
    2: closed({"server": {**_SERVER, "properties": {**_SERVER["properties"], "public_key": _PUBLIC_KEY}}}, ["server"]),
}
#: What a user may change of a server that exists.
EDITED = closed({"name": NAME, "description": _TEXT, "metadata": _METADATA}, ["name"])
UPDATE = {1: PATCH}
_FILTERS = {
    "name": NAME,
    "status": {"type": "string", "maxLength": 32},
    "flavor_uuid": UUID,
    "image_uuid": UUID,
    "limit": LIMIT,
    "marker": UUID,
    "sort_key": {"enum": ["id", "uuid", "name", "created_at", "status"]},
    "sort_dir": {"enum": ["asc", "desc"]},
    "all_tenants": BOOLEAN_TEXT,
}
_FIELDS = {"type": "string", "pattern": "^[a-z_]+(,[a-z_]+)*$", "maxLength": 512}

LIST = {1: closed({**_FILTERS, "fields": _FIELDS})}
DETAIL = {1: closed(_FILTERS)}
SHOW = {1: closed({"fields": _FIELDS})}
