# SPDX-License-Identifier: Apache-2.0
"""The machine: which of Ironic's states are moments of passage, and why a node is not on offer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

#: Ironic provision states that end by themselves. Source: Ironic's state machine documentation.
TRANSIENT = frozenset(
    {
        "deploying", "wait call-back", "deploy hold", "deleting", "cleaning", "clean wait", "clean hold", "inspecting", "inspect wait",
        "verifying", "adopting", "rescuing", "rescue wait", "unrescuing", "servicing", "service wait", "service hold",
    }
)  # fmt: skip


#: States in which a node without instance_uuid has something on it: its tear-down failed, or a request that came late deployed it.
STRAY = frozenset({"error", "active", "deploy failed"})


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What is known of a node for pools and offers; times in seconds since the epoch."""

    id: str
    resource_class: str | None
    provision_state: str
    maintenance: bool = False
    instance_id: str | None = None
    retired: bool = False
    protected: bool = False
    held: bool = False
    reservation_id: str | None = None
    faulty: bool = False
    gone: bool = False
    hold_until: float = 0.0
    tags: frozenset[str] = field(default_factory=frozenset)
    failure_domain: str = ""
    properties: Mapping[str, object] = field(default_factory=dict)
    traits: tuple[str, ...] = ()
    ports: Sequence[Mapping[str, object]] = ()
    owner: str | None = None
    lessee: str | None = None
    conductor_group: str = ""
    shard: str | None = None
    fault: str | None = None


def is_settled(provision_state: str, target_power_state: str | None) -> bool:
    """True when Ironic is at rest on the node: a waiting operation may look at it."""
    return provision_state not in TRANSIENT and target_power_state is None
