# SPDX-License-Identifier: Apache-2.0
"""The body that sets limits, by minor version."""

from baremetal_svc.api.validation import closed
from baremetal_svc.domain.quota import RESOURCES

_LIMIT = {"type": ["integer", "null"], "minimum": -1, "maximum": 2**31 - 1}
_UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_QUOTAS = {
    **closed(dict.fromkeys(RESOURCES, _LIMIT)),
    "patternProperties": {f"^flavor:{_UUID}$": _LIMIT},
    "maxProperties": 1000,
}
SET = {3: closed({"quotas": _QUOTAS}, ["quotas"])}
