# SPDX-License-Identifier: Apache-2.0
"""Queries of faults."""

from baremetal_svc.api.validation import BOOLEAN_TEXT, LIMIT, UUID, closed

_PAGE = {"limit": LIMIT, "marker": UUID}
OF_SERVER = {3: closed(_PAGE)}
_LIST = {**_PAGE, "target_uuid": UUID, "open": BOOLEAN_TEXT}
_KINDS = ["server", "node", "operation"]
LIST = {
    3: closed({**_LIST, "target_kind": {"enum": _KINDS}}),
    6: closed({**_LIST, "target_kind": {"enum": [*_KINDS, "pool", "reservation"]}}),
}
