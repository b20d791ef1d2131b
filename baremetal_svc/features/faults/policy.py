# SPDX-License-Identifier: Apache-2.0
"""Who may see and clear faults."""

from baremetal_svc.policy import ADMIN, PROJECT_READER, rule

LIST = "baremetal_svc:faults:list"
CLEAR = "baremetal_svc:faults:clear"
LIST_OF_SERVER = "baremetal_svc:faults:list_of_server"

RULES = [
    rule("faults:list", ADMIN, "List the faults of nodes, servers and operations", ("GET", "/v1/faults")),
    rule("faults:clear", ADMIN, "Clear a fault", ("PUT", "/v1/faults/{fault_id}/cleared")),
    rule("faults:list_of_server", PROJECT_READER, "List the faults of a server", ("GET", "/v1/servers/{server_id}/faults")),
]
