# SPDX-License-Identifier: Apache-2.0
"""Who may rebuild servers."""

from baremetal_svc.policy import PROJECT_MEMBER, rule

SET = "baremetal_svc:rebuild:set"

RULES = [rule("rebuild:set", PROJECT_MEMBER, "Rebuild a server", ("PUT", "/v1/servers/{server_id}/states/provision"))]
