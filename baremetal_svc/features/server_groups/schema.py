# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of server groups. Source: Mogan's contract, section 1.6: exactly one policy."""

from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, NAME, UUID, closed

_POLICIES = {"type": "array", "items": {"enum": ["affinity", "anti-affinity"]}, "minItems": 1, "maxItems": 1}

CREATE = {1: closed({"name": NAME, "policies": _POLICIES}, ["name", "policies"])}
LIST = {1: closed({"all_tenants": BOOLEAN_TEXT}), 3: closed({"all_tenants": BOOLEAN_TEXT, "limit": LIMIT, "marker": UUID})}
