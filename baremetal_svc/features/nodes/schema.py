# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of nodes: names only in the contract, details from 1.2 on."""

from baremetal_svc.api.validation import EMPTY, LIMIT, UUID, closed
from baremetal_svc.domain.failure_domain import LONGEST

__all__ = ["EMPTY", "LIST", "PLACE", "SHOW"]

LIST = {1: closed({}), 2: closed({"limit": LIMIT, "marker": UUID})}
SHOW = {2: closed({})}
PLACE = {6: closed({"failure_domain": {"type": "string", "minLength": 1, "maxLength": LONGEST}}, ["failure_domain"])}
