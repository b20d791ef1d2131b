# SPDX-License-Identifier: Apache-2.0
"""Who may adopt machines."""

from baremetal_svc.policy import ADMIN, rule

LIST = "baremetal_svc:adoption:list"
ADOPT = "baremetal_svc:adoption:adopt"
RELEASE = "baremetal_svc:adoption:release"

RULES = [
    rule("adoption:list", ADMIN, "List machines that could be adopted", ("GET", "/v1/manageable_servers")),
    rule("adoption:adopt", ADMIN, "Adopt a machine", ("POST", "/v1/manageable_servers")),
    rule("adoption:release", ADMIN, "Let an adopted machine go as it is", ("DELETE", "/v1/manageable_servers/{server_id}")),
]
