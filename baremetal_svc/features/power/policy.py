# SPDX-License-Identifier: Apache-2.0
"""Who may change power."""

from baremetal_svc.policy import PROJECT_MEMBER, rule

SET = "baremetal_svc:power:set"

RULES = [rule("power:set", PROJECT_MEMBER, "Start, stop or reboot a server", ("PUT", "/v1/servers/{server_id}/states/power"))]
