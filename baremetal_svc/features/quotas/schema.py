# SPDX-License-Identifier: Apache-2.0
"""The body that sets limits, by minor version."""

from baremetal_svc.api.validation import closed
from baremetal_svc.domain.quota import BEFORE_6, RESOURCES

_LIMIT = {"type": ["integer", "null"], "minimum": -1, "maximum": 2**31 - 1}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_QUOTAS = {
    **closed(dict.fromkeys(BEFORE_6, _LIMIT)),
    "patternProperties": {f"^flavor:{_UUID}$": _LIMIT},
    "maxProperties": 1000,
}
_QUOTAS_6 = {
    **closed(dict.fromkeys(RESOURCES, _LIMIT)),
    "patternProperties": {f"^(flavor|pool):{_UUID}$": _LIMIT},
    "maxProperties": 1000,
}
SET = {minor: closed({"quotas": limits}, ["quotas"]) for minor, limits in ((3, _QUOTAS), (6, _QUOTAS_6))}
