# SPDX-License-Identifier: Apache-2.0
"""Who may do what with server groups. Mogan judged them without a target, so that no tenant could use them."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

CREATE = "baremetal_svc:server_groups:create"
LIST = "baremetal_svc:server_groups:list"
SHOW = "baremetal_svc:server_groups:show"
DELETE = "baremetal_svc:server_groups:delete"

RULES = [
    rule("server_groups:create", PROJECT_MEMBER, "Create a server group", ("POST", "/v1/server_groups")),
    rule("server_groups:list", PROJECT_READER, "List server groups", ("GET", "/v1/server_groups")),
    rule("server_groups:show", PROJECT_READER, "Show a server group", ("GET", "/v1/server_groups/{group_id}")),
    rule("server_groups:delete", PROJECT_MEMBER, "Delete a server group", ("DELETE", "/v1/server_groups/{group_id}")),
]
