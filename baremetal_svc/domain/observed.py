# SPDX-License-Identifier: Apache-2.0
"""What the reconciler has seen: our rows, read twice, what Ironic and Neutron listed in between, and what it finds wrong in that."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any


@dataclass(frozen=True, slots=True)
class NodeSeen:
    """Whose a node is by Ironic's bulk listing; ``marked``: servers that the marker of this service in instance_info names."""

    id: str
    instance_id: str | None
    marked: frozenset[str]
    protected: bool
    provision_state: str


@dataclass(frozen=True, slots=True)
class VifSeen:
    """A Neutron port that a node carries."""

    node_id: str
    port_id: str


@dataclass(frozen=True, slots=True)
class PortSeen:
    """A Neutron port that names a server of this service as its device; ``claim_id`` and ``index`` None: its project made it."""

    id: str
    network_id: str
    device_id: str
    claim_id: str | None
    index: int | None


@dataclass(frozen=True, slots=True)
class ServerRow:
    """What of a server matters here; ``updated_at`` tells whether anything of it changed."""

    id: str
    status: str
    node_id: str | None
    adopted: bool
    updated_at: float | None


@dataclass(frozen=True, slots=True)
class ClaimRow:
    """A claim, live or releasing."""

    id: str
    node_id: str
    server_id: str
    state: str


@dataclass(frozen=True, slots=True)
class NicRow:
    """A network connection; ``own``: its project made the port."""

    server_id: str
    position: int
    port_id: str | None
    own: bool
    detaching: bool


@dataclass(frozen=True, slots=True)
class LiveOperation:
    """An operation that has not ended. ``names``: ids of its target, claim and node; times in seconds, None where they do not apply."""

    id: str
    kind: str
    state: str
    target_id: str
    names: frozenset[str]
    blocked_by: str | None
    overdue: float | None
    abandoned: float | None


@dataclass(frozen=True, slots=True)
class PastOperation:
    """An operation by its target, ended or (``ended_at`` None) live."""

    kind: str
    state: str
    ended_at: float | None


@dataclass(frozen=True)
class Rows:
    """One reading of the database, begun at ``at`` by its clock.

    :ivar nics: by server id and position.
    :ivar nodes: ids of all nodes that have a row.
    :ivar logbooks: ids under which TaskFlow keeps a logbook.
    :ivar secrets: ids of ended operations that still have secrets.
    :ivar offers: ids of nodes whose pools or offers are not what recomputing makes of them.
    """

    at: float = 0.0
    operations: Mapping[str, LiveOperation] = field(default_factory=dict)
    claims: Mapping[str, ClaimRow] = field(default_factory=dict)
    servers: Mapping[str, ServerRow] = field(default_factory=dict)
    nics: Mapping[tuple[str, int], NicRow] = field(default_factory=dict)
    nodes: frozenset[str] = frozenset()
    logbooks: frozenset[str] = frozenset()
    secrets: frozenset[str] = frozenset()
    offers: frozenset[str] = frozenset()

    @cached_property
    def claims_of(self) -> Mapping[str, list[ClaimRow]]:
        """Claims by server id."""
        return _grouped((claim.server_id, claim) for claim in self.claims.values())

    @cached_property
    def nic_ports(self) -> frozenset[str | None]:
        """Ids of the ports that NICs have."""
        return frozenset(nic.port_id for nic in self.nics.values())

    @cached_property
    def holder(self) -> Mapping[str, ClaimRow]:
        """The claim that holds a node, by node id."""
        return {claim.node_id: claim for claim in self.claims.values()}

    def live_claim(self, server_id: str) -> ClaimRow | None:
        """The claim by which a server holds its node."""
        return next((claim for claim in self.claims_of.get(server_id, ()) if claim.state == "live"), None)


@dataclass(frozen=True)
class Outside:
    """What the other services listed; None where that could not be told, or is not kept (``ports`` of a flat network)."""

    nodes: Mapping[str, NodeSeen] | None = None
    vifs: tuple[VifSeen, ...] | None = None
    ports: Mapping[str, PortSeen] | None = None

    @cached_property
    def vif_of(self) -> Mapping[str, VifSeen]:
        """Where a port is attached, by port id."""
        return {vif.port_id: vif for vif in self.vifs or ()}

    @cached_property
    def ports_of(self) -> Mapping[str, list[PortSeen]]:
        """Ports by the server that they name."""
        return _grouped((port.device_id, port) for port in (self.ports or {}).values())


@dataclass(frozen=True)
class Seen:
    """Rows before and after the outside was listed, and the operations, past and live, of ids that need an explanation.

    :ivar lease: seconds of a conductor's lease.
    """

    before: Rows
    outside: Outside
    rows: Rows
    past: Mapping[str, tuple[PastOperation, ...]] = field(default_factory=dict)
    lease: float = 15.0

    def created_here(self, server_id: str) -> bool:
        """True when our own history says that the machine was deployed for this server, and not taken over as it ran."""
        kinds = {operation.kind for operation in self.past.get(server_id, ())}
        return "servers.create" in kinds and "adoption.adopt" not in kinds

    @cached_property
    def unsettled(self) -> frozenset[str]:
        """Ids of everything that an operation works on, or that changed between the two readings: none of it is judged."""
        ids = {name for rows in (self.before, self.rows) for operation in rows.operations.values() for name in operation.names}
        ids |= {name for name in self.past if any(_recent(operation, self.before.at) for operation in self.past[name])}
        ids |= self._changed()
        for rows in (self.before, self.rows):
            for claim in rows.claims.values():
                if claim.id in ids or claim.server_id in ids:
                    ids |= {claim.id, claim.node_id}
        return frozenset(ids)

    def _changed(self) -> set[str]:
        first, second = self.before, self.rows
        ids = {name for claim in _differing(first.claims, second.claims) for name in (claim.id, claim.node_id, claim.server_id)}
        ids |= {server.id for server in _differing(first.servers, second.servers)}
        return ids | {nic.server_id for nic in _differing(first.nics, second.nics)}


class Repair(StrEnum):
    """Who mends it: the reconciler, or an operator, for whom it becomes a fault."""

    SAFE = "safe"
    MANUAL = "manual"


@dataclass(frozen=True)
class Finding:
    """Something that is not as it should be.

    :ivar code: stable, machine-readable; the fault's code too.
    :ivar target_kind: server, node or operation.
    :ivar detail: what is wrong, a sentence; of a server its project reads it, so nodes are named as "node <id>", or after "Ironic ...:".
    :ivar proposal: what to do, or what the repair does.
    :ivar about: ids that must be at rest for it to count.
    :ivar facts: what the repair needs to know.
    """

    code: str
    target_kind: str
    target: str
    detail: str
    proposal: str
    repair: Repair = Repair.MANUAL
    about: frozenset[str] = frozenset()
    facts: Mapping[str, Any] = field(default_factory=dict, compare=False)


def _recent(operation: PastOperation, since: float) -> bool:
    return operation.ended_at is None or operation.ended_at >= since


def _grouped(pairs: Any) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = defaultdict(list)
    for key, value in pairs:
        found[key].append(value)
    return dict(found)


def _differing(first: Mapping[Any, Any], second: Mapping[Any, Any]) -> list[Any]:
    """Rows that stand in one reading only, or otherwise in the other; both forms of the latter."""
    changed = [key for key in first.keys() | second.keys() if first.get(key) != second.get(key)]
    return [rows[key] for key in changed for rows in (first, second) if key in rows]
