# SPDX-License-Identifier: Apache-2.0
"""Who may see what happened to a server."""

from baremetal_svc.policy import PROJECT_READER, rule

LIST = "baremetal_svc:events:list"

RULES = [rule("events:list", PROJECT_READER, "List the events of a server", ("GET", "/v1/servers/{server_id}/events"))]
