# SPDX-License-Identifier: Apache-2.0
"""Bodies of adoption. Source: Mogan's contract, section 1.6; the owner's project can be named from 1.3 on."""

from baremetal_svc.api.validation import EMPTY, METADATA, NAME, UUID, closed

__all__ = ["ADOPT", "EMPTY"]

_ADOPT = {"name": NAME, "node_uuid": UUID, "description": {"type": ["string", "null"], "maxLength": 255}, "metadata": METADATA}
_PROJECT = {"type": "string", "pattern": r"^[A-Za-z0-9_.\-]{1,64}$"}
ADOPT = {1: closed(_ADOPT, ["name", "node_uuid"]), 3: closed({**_ADOPT, "project_id": _PROJECT}, ["name", "node_uuid"])}
