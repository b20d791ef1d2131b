# SPDX-License-Identifier: Apache-2.0
"""When a node is given back."""

#: Ironic states in which a node without an owner is at rest outside of the pools or in them; an operator may have taken it out.
AT_REST = frozenset({"available", "manageable", "enroll", "inspect failed", "adopt failed"})

#: Seconds after which a release that goes on becomes a fault for the operator. Source: design, section 4.6.
PATIENCE = 1800.0


def is_torn_down(provision_state: str, instance_id: str | None, server_id: str) -> bool:
    """Nothing of the server is on the node: Ironic clears instance_uuid when the tear-down is over, before it cleans, or has failed."""
    return instance_id != server_id and not (instance_id is None and provision_state in ("deleting", "error"))


def is_given_back(provision_state: str, instance_id: str | None, server_id: str, *, gone: bool) -> bool:
    """The node has been cleaned, or is another's, or is no more."""
    return gone or provision_state in AT_REST or instance_id not in (None, server_id)
