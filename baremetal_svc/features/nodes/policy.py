# SPDX-License-Identifier: Apache-2.0
"""Who may see nodes."""

from baremetal_svc.policy import ADMIN, rule

LIST = "baremetal_svc:nodes:list"
SHOW = "baremetal_svc:nodes:show"
SET_FAILURE_DOMAIN = "baremetal_svc:nodes:set_failure_domain"

_DOMAIN = "/v1/nodes/{node_id}/failure-domain"

RULES = [
    rule("nodes:list", ADMIN, "List nodes", ("GET", "/v1/nodes")),
    rule("nodes:show", ADMIN, "Show a node", ("GET", "/v1/nodes/{node_id}")),
    rule("nodes:set_failure_domain", ADMIN, "Say where a node stands", ("PUT", _DOMAIN), ("DELETE", _DOMAIN)),
]
