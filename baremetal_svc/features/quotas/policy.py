# SPDX-License-Identifier: Apache-2.0
"""Who may do what with limits."""

from baremetal_svc.policy import ADMIN, PROJECT_READER, rule

LIMITS = "baremetal_svc:quotas:limits"
SHOW = "baremetal_svc:quotas:show"
UPDATE = "baremetal_svc:quotas:update"
DELETE = "baremetal_svc:quotas:delete"

_ONE = "/v1/quotas/{project}"
RULES = [
    rule("quotas:limits", PROJECT_READER, "Show limits and usage of the own project", ("GET", "/v1/limits")),
    rule("quotas:show", PROJECT_READER, "Show limits and usage of a project; tenants of their own only", ("GET", _ONE)),
    rule("quotas:update", ADMIN, "Set the limits of a project", ("PUT", _ONE)),
    rule("quotas:delete", ADMIN, "Set the limits of a project back to the defaults", ("DELETE", _ONE)),
]
