# SPDX-License-Identifier: Apache-2.0
"""Who may do what with flavors."""

from baremetal_svc.policy import ADMIN, rule

CREATE = "baremetal_svc:flavors:create"
LIST = "baremetal_svc:flavors:list"
SHOW = "baremetal_svc:flavors:show"

RULES = [
    rule("flavors:create", ADMIN, "Create a flavor", ("POST", "/v1/flavors")),
    rule("flavors:list", "role:admin or role:reader", "List flavors", ("GET", "/v1/flavors")),
    rule("flavors:show", "role:admin or role:reader", "Show a flavor", ("GET", "/v1/flavors/{flavor_id}")),
]
