# SPDX-License-Identifier: Apache-2.0
"""Who may see and change the connections of servers."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

LIST = "baremetal_svc:networks:list"
ATTACH = "baremetal_svc:networks:attach"
DETACH = "baremetal_svc:networks:detach"
ASSOCIATE = "baremetal_svc:networks:associate_floating_ip"
DISASSOCIATE = "baremetal_svc:networks:disassociate_floating_ip"

_NETWORKS = "/v1/servers/{server_id}/networks"
RULES = [
    rule("networks:list", PROJECT_READER, "List the NICs of a server", ("GET", _NETWORKS)),
    rule("networks:attach", PROJECT_MEMBER, "Attach a network or port", ("POST", f"{_NETWORKS}/interfaces")),
    rule("networks:detach", PROJECT_MEMBER, "Detach a port", ("DELETE", f"{_NETWORKS}/interfaces/{{port_id}}")),
    rule("networks:associate_floating_ip", PROJECT_MEMBER, "Point a floating IP at a server", ("POST", f"{_NETWORKS}/floatingips")),
    rule(
        "networks:disassociate_floating_ip",
        PROJECT_MEMBER,
        "Take a floating IP away from a server",
        ("DELETE", f"{_NETWORKS}/floatingips/{{address}}"),
    ),
]
