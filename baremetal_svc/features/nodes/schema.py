# SPDX-License-Identifier: Apache-2.0
"""Queries of nodes: names only in the contract, details from 1.2 on."""

from baremetal_svc.api.validation import LIMIT, UUID, closed

LIST = {1: closed({}), 2: closed({"limit": LIMIT, "marker": UUID})}
SHOW = {2: closed({})}
