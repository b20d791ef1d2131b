# SPDX-License-Identifier: Apache-2.0
"""Who may see and change the tags of servers."""

from baremetal_svc.policy import PROJECT_MEMBER, PROJECT_READER, rule

LIST = "baremetal_svc:tags:list"
UPDATE = "baremetal_svc:tags:update"

_TAGS = "/v1/servers/{server_id}/tags"
RULES = [
    rule("tags:list", PROJECT_READER, "List the tags of a server", ("GET", _TAGS), ("GET", f"{_TAGS}/{{tag}}")),
    rule(
        "tags:update",
        PROJECT_MEMBER,
        "Change the tags of a server",
        ("PUT", _TAGS),
        ("DELETE", _TAGS),
        ("PUT", f"{_TAGS}/{{tag}}"),
        ("DELETE", f"{_TAGS}/{{tag}}"),
    ),
]
