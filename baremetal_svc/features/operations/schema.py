# SPDX-License-Identifier: Apache-2.0
"""Queries of operations."""

from baremetal_svc.api.validation import EMPTY, LIMIT, UUID, closed
from baremetal_svc.domain.operation import State

__all__ = ["EMPTY", "LIST", "SHOW"]

LIST = {2: closed({"limit": LIMIT, "marker": UUID, "server_uuid": UUID, "state": {"enum": [str(state) for state in State]}})}
SHOW = {2: closed({"wait": {"type": "integer", "minimum": 0, "maximum": 600}, "after": {"type": "integer", "minimum": 0}})}
