# SPDX-License-Identifier: Apache-2.0
"""Who may see nodes."""

from baremetal_svc.policy import ADMIN, rule

LIST = "baremetal_svc:nodes:list"
SHOW = "baremetal_svc:nodes:show"

RULES = [
    rule("nodes:list", ADMIN, "List nodes", ("GET", "/v1/nodes")),
    rule("nodes:show", ADMIN, "Show a node", ("GET", "/v1/nodes/{node_id}")),
]
