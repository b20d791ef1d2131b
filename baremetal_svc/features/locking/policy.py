# SPDX-License-Identifier: Apache-2.0
"""Who may lock and unlock."""

from baremetal_svc.policy import PROJECT_MEMBER, rule

SET = "baremetal_svc:locking:set"

RULES = [rule("locking:set", PROJECT_MEMBER, "Lock or unlock a server", ("PUT", "/v1/servers/{server_id}/states/lock"))]
