# SPDX-License-Identifier: Apache-2.0
"""Queries of faults."""

from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, UUID, closed

_PAGE = {"limit": LIMIT, "marker": UUID}
OF_SERVER = {3: closed(_PAGE)}
LIST = {3: closed({**_PAGE, "target_kind": {"enum": ["server", "node", "operation"]}, "target_uuid": UUID, "open": BOOLEAN_TEXT})}
