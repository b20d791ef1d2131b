# SPDX-License-Identifier: Apache-2.0
"""Who may see operations."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

LIST = "baremetal_svc:operations:list"
SHOW = "baremetal_svc:operations:show"
CANCEL = "baremetal_svc:operations:cancel"

RULES = [
    rule("operations:list", PROJECT_READER, "List operations", ("GET", "/v1/operations")),
    rule("operations:show", PROJECT_READER, "Show an operation with its steps", ("GET", "/v1/operations/{operation_id}")),
    rule("operations:cancel", PROJECT_MEMBER, "Cancel an operation", ("DELETE", "/v1/operations/{operation_id}")),
]
