# SPDX-License-Identifier: Apache-2.0
"""Who may do what with aggregates; zones are named by everybody."""

from baremetal_svc.policy import ADMIN, rule

CREATE = "baremetal_svc:aggregates:create"
LIST = "baremetal_svc:aggregates:list"
SHOW = "baremetal_svc:aggregates:show"
UPDATE = "baremetal_svc:aggregates:update"
DELETE = "baremetal_svc:aggregates:delete"
LIST_NODES = "baremetal_svc:aggregates:list_nodes"
SET_NODES = "baremetal_svc:aggregates:set_nodes"
LIST_ZONES = "baremetal_svc:aggregates:list_zones"

_ONE = "/v1/aggregates/{aggregate_id}"
_NODES = f"{_ONE}/nodes"
RULES = [
    rule("aggregates:create", ADMIN, "Create an aggregate", ("POST", "/v1/aggregates")),
    rule("aggregates:list", ADMIN, "List aggregates", ("GET", "/v1/aggregates")),
    rule("aggregates:show", ADMIN, "Show an aggregate", ("GET", _ONE)),
    rule("aggregates:update", ADMIN, "Rename an aggregate, change its metadata", ("PATCH", _ONE)),
    rule("aggregates:delete", ADMIN, "Delete an aggregate", ("DELETE", _ONE)),
    rule("aggregates:list_nodes", ADMIN, "List the nodes of an aggregate", ("GET", _NODES)),
    rule("aggregates:set_nodes", ADMIN, "Add and remove nodes", ("POST", _NODES), ("DELETE", f"{_NODES}/{{node_name}}")),
    rule("aggregates:list_zones", "role:admin or role:reader", "List availability zones", ("GET", "/v1/availability_zones")),
]
