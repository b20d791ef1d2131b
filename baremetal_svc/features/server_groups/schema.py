# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of server groups. Source: Mogan's contract, section 1.6: exactly one policy; soft ones and levels are ours."""

from collections.abc import Iterable
from typing import Any

from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, NAME, UUID, closed
from baremetal_svc.domain.spread import POLICIES


def _one_of(policies: Iterable[str]) -> dict[str, Any]:
    return {"type": "array", "items": {"enum": sorted(policies)}, "minItems": 1, "maxItems": 1}


_RULES = {"level": NAME, "max_per_domain": {"type": "integer", "minimum": 1, "maximum": 1000}}
CREATE = {
    1: closed({"name": NAME, "policies": _one_of(["affinity", "anti-affinity"])}, ["name", "policies"]),
    5: closed({"name": NAME, "policies": _one_of(POLICIES), **_RULES}, ["name", "policies"]),
}
LIST = {1: closed({"all_tenants": BOOLEAN_TEXT}), 3: closed({"all_tenants": BOOLEAN_TEXT, "limit": LIMIT, "marker": UUID})}
