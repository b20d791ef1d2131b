# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of reservations, by minor version."""

from baremetal_svc.api.editing import PATCH
from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, NAME, UUID, closed

_MOMENT = {"type": "string", "minLength": 1, "maxLength": 64}
_NEW = {
    "name": NAME,
    "flavor_uuid": UUID,
    "count": {"type": "integer", "minimum": 1, "maximum": 1000},
    "until": _MOMENT,
    "availability_zone": NAME,
}
CREATE = {6: closed(_NEW, ["name", "flavor_uuid", "count", "until"])}
#: What may be changed of a reservation that lasts.
EDITED = closed({"name": NAME, "until": _MOMENT}, ["name", "until"])
UPDATE = {6: PATCH}
_STATUS = {"enum": ["active", "ended"]}
LIST = {6: closed({"all_tenants": BOOLEAN_TEXT, "status": _STATUS, "limit": LIMIT, "marker": UUID})}
