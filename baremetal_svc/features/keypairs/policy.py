# SPDX-License-Identifier: Apache-2.0
"""Who may do what with key pairs: everybody with their own, operators with everybody's."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

CREATE = "baremetal_svc:keypairs:create"
LIST = "baremetal_svc:keypairs:list"
SHOW = "baremetal_svc:keypairs:show"
DELETE = "baremetal_svc:keypairs:delete"

_ONE = "/v1/keypairs/{key_name}"
RULES = [
    rule("keypairs:create", PROJECT_MEMBER, "Generate or import a key pair", ("POST", "/v1/keypairs")),
    rule("keypairs:list", PROJECT_READER, "List key pairs", ("GET", "/v1/keypairs")),
    rule("keypairs:show", PROJECT_READER, "Show a key pair", ("GET", _ONE)),
    rule("keypairs:delete", PROJECT_MEMBER, "Delete a key pair", ("DELETE", _ONE)),
]
