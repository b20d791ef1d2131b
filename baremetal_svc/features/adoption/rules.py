# SPDX-License-Identifier: Apache-2.0
"""Which machines may be adopted."""

import re
from collections.abc import Mapping
from typing import Any

from baremetal_svc.domain.errors import Conflict

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def check_adoptable(node: Mapping[str, Any]) -> None:
    """:raises Conflict: the node (provision_state, instance_id, maintenance, resource_class, gone) runs nothing that could be adopted."""
    reasons = {
        "is not known to Ironic any more": node["gone"],
        f"is {node['provision_state']}, not active": node["provision_state"] != "active",
        "is used by another system": node["instance_id"] is not None,
        "is in maintenance": node["maintenance"],
        "has no resource class": not node["resource_class"],
    }
    for reason, holds in reasons.items():
        if holds:
            raise Conflict(f"Node {node['id']} {reason}.", hint="GET /v1/manageable_servers lists those that can be adopted.")


def image_id(image_source: str | None) -> str:
    """The id of the image that a node was deployed with; "" where Ironic was given something else than an id."""
    return image_source if image_source and _UUID.match(image_source) else ""
