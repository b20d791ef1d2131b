# SPDX-License-Identifier: Apache-2.0
"""What of a server that failed can be retried, and which status a machine shows."""

from collections.abc import Collection, Mapping
from typing import Any

from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.operation import IN_VAIN
from baremetal_svc.domain.server import Status

#: Kinds that change the status of a server.
OF_STATUS = tuple(kind for kind, change in LIFECYCLE.items() if change.during is not None)


def can_be_retried(last: Mapping[str, Any]) -> bool:
    """True when the last operation is what brought its server to ``error``: one that failed before others went well is not begun again."""
    return last["state"] in IN_VAIN and LIFECYCLE[last["kind"]].retriable


def missing_secrets(arguments: Mapping[str, Any], given: Collection[str]) -> list[str]:
    """Names of the secrets that a create had and a retry was not given."""
    return sorted(set(arguments.get("secret_names", ())) - set(given))


def shown_by(node: Mapping[str, Any] | None, server_id: str) -> Status:
    """The stable status of a server by its machine as it was last observed; ``error`` where it has none that carries it.

    One that is not protected counts as none: a request to tear down that comes late would be carried out on a server that is active.
    """
    if node is None or node["gone"] or node["provision_state"] != "active" or node["instance_id"] != server_id or not node["protected"]:
        return Status.ERROR
    return Status.STOPPED if node["power_state"] == "power off" else Status.ACTIVE
