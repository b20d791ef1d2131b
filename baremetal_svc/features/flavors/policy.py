# SPDX-License-Identifier: Apache-2.0
"""Who may do what with flavors."""

from baremetal_svc.policy import ADMIN, rule

CREATE = "baremetal_svc:flavors:create"
LIST = "baremetal_svc:flavors:list"
SHOW = "baremetal_svc:flavors:show"
UPDATE = "baremetal_svc:flavors:update"
DELETE = "baremetal_svc:flavors:delete"
LIST_ACCESS = "baremetal_svc:flavors:list_access"
SET_ACCESS = "baremetal_svc:flavors:set_access"

_ACCESS = "/v1/flavors/{flavor_id}/access"
RULES = [
    rule("flavors:create", ADMIN, "Create a flavor", ("POST", "/v1/flavors")),
    rule("flavors:list", "role:admin or role:reader", "List flavors", ("GET", "/v1/flavors")),
    rule("flavors:show", "role:admin or role:reader", "Show a flavor", ("GET", "/v1/flavors/{flavor_id}")),
    rule("flavors:update", ADMIN, "Edit a flavor", ("PATCH", "/v1/flavors/{flavor_id}")),
    rule("flavors:delete", ADMIN, "Delete a flavor", ("DELETE", "/v1/flavors/{flavor_id}")),
    rule("flavors:list_access", "role:admin or role:reader", "List who may use a flavor", ("GET", _ACCESS)),
    rule("flavors:set_access", ADMIN, "Say who may use a flavor", ("POST", _ACCESS), ("DELETE", f"{_ACCESS}/{{project}}")),
]
