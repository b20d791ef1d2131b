# SPDX-License-Identifier: Apache-2.0
"""Who may see and change the tags of nodes."""

from baremetal_svc.policy import ADMIN, rule

LIST = "baremetal_svc:node_tags:list"
UPDATE = "baremetal_svc:node_tags:update"
BULK = "baremetal_svc:node_tags:bulk"

_TAGS = "/v1/nodes/{node_id}/tags"
_ONE = f"{_TAGS}/{{node_tag}}"
RULES = [
    rule(
        "node_tags:list", ADMIN, "List the tags of a node and how they changed", ("GET", _TAGS), ("GET", _ONE), ("GET", f"{_TAGS}/history")
    ),
    rule("node_tags:update", ADMIN, "Change the tags of a node", ("PUT", _TAGS), ("DELETE", _TAGS), ("PUT", _ONE), ("DELETE", _ONE)),
    rule("node_tags:bulk", ADMIN, "Change the tags of many nodes", ("POST", "/v1/nodes/tags")),
]
