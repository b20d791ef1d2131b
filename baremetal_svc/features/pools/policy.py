# SPDX-License-Identifier: Apache-2.0
"""Who may do what with pools."""

from baremetal_svc.policy import ADMIN, rule

CREATE = "baremetal_svc:pools:create"
LIST = "baremetal_svc:pools:list"
SHOW = "baremetal_svc:pools:show"
UPDATE = "baremetal_svc:pools:update"
DELETE = "baremetal_svc:pools:delete"

_ONE = "/v1/pools/{pool_id}"
RULES = [
    rule("pools:create", ADMIN, "Create a pool", ("POST", "/v1/pools")),
    rule("pools:list", ADMIN, "List pools", ("GET", "/v1/pools")),
    rule("pools:show", ADMIN, "Show a pool and what it shares with others", ("GET", _ONE), ("GET", f"{_ONE}/overlaps")),
    rule("pools:update", ADMIN, "Edit a pool", ("PATCH", _ONE)),
    rule("pools:delete", ADMIN, "Delete a pool", ("DELETE", _ONE)),
]
