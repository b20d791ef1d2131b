# SPDX-License-Identifier: Apache-2.0
"""Who may rebuild, retry and reset servers."""

from baremetal_svc.policy import ADMIN, PROJECT_MEMBER, rule

SET = "baremetal_svc:rebuild:set"
RESET = "baremetal_svc:rebuild:reset"

RULES = [
    rule("rebuild:set", PROJECT_MEMBER, "Rebuild a server, or retry what failed", ("PUT", "/v1/servers/{server_id}/states/provision")),
    rule("rebuild:reset", ADMIN, "Set the status of a server right", ("PUT", "/v1/servers/{server_id}/states/reset")),
]
