# SPDX-License-Identifier: Apache-2.0
"""Who may do what with servers."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

CREATE = "baremetal_svc:servers:create"
LIST = "baremetal_svc:servers:list"
SHOW = "baremetal_svc:servers:show"
UPDATE = "baremetal_svc:servers:update"
DELETE = "baremetal_svc:servers:delete"

RULES = [
    rule("servers:create", PROJECT_MEMBER, "Create servers", ("POST", "/v1/servers")),
    rule("servers:list", PROJECT_READER, "List servers", ("GET", "/v1/servers"), ("GET", "/v1/servers/detail")),
    rule("servers:show", PROJECT_READER, "Show a server", ("GET", "/v1/servers/{server_id}")),
    rule("servers:update", PROJECT_MEMBER, "Rename and describe a server", ("PATCH", "/v1/servers/{server_id}")),
    rule("servers:delete", PROJECT_MEMBER, "Delete a server", ("DELETE", "/v1/servers/{server_id}")),
]
