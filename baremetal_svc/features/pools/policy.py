# SPDX-License-Identifier: Apache-2.0
"""Who may do what with pools."""

from baremetal_svc.policy import ADMIN, rule

CREATE = "baremetal_svc:pools:create"
LIST = "baremetal_svc:pools:list"

RULES = [
    rule("pools:create", ADMIN, "Create a pool", ("POST", "/v1/pools")),
    rule("pools:list", ADMIN, "List pools", ("GET", "/v1/pools")),
]
