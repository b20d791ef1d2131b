# SPDX-License-Identifier: Apache-2.0
"""Drift between our claims and Ironic's nodes. One function for each kind.

An ``instance_uuid`` that is no server's of ours and has no marker of ours is another system's, and no finding.
"""

from collections.abc import Iterator

from baremetal_svc.domain.drift_rows import RUNS
from baremetal_svc.domain.observed import ClaimRow, Finding, NodeSeen, Repair, Seen, ServerRow

RELEASE = "Claim the node and release it: the machine is torn down, cleaned and offered again."


def instances_without_server(seen: Seen) -> Iterator[Finding]:
    """A node carries our marker and an instance_uuid that no server and no claim of ours explains."""
    for node in _nodes(seen):
        server_id = node.instance_id
        ours = server_id in node.marked and node.id in seen.rows.nodes
        if server_id is None or not ours or server_id in seen.rows.servers or server_id in seen.rows.claims_of:
            continue
        holder = seen.rows.holder.get(node.id)
        safe = holder is None and seen.created_here(server_id)
        detail = f"Ironic has a machine for a server that is not there: node {node.id} carries instance_uuid {server_id} and our marker."
        by_hand = "No operation says that this service deployed it. When no other installation uses this Ironic: undeploy the node by hand."
        yield Finding(
            "instance_without_server",
            "server",
            server_id,
            detail,
            RELEASE if safe else by_hand,
            Repair.SAFE if safe else Repair.MANUAL,
            frozenset({server_id, node.id, *([holder.id] if holder else ())}),
            {"node_id": node.id},
        )


def instances_misplaced(seen: Seen) -> Iterator[Finding]:
    """A node carries the instance_uuid of a server of ours that holds another node, or none.

    On a server that failed and holds none, a request of ours came so late that its node had been given back: nobody waits for it.
    """
    for node in _nodes(seen):
        server = seen.rows.servers.get(node.instance_id or "")
        if server is None or any(claim.node_id == node.id for claim in seen.rows.claims_of.get(server.id, ())):
            continue
        claim = seen.rows.live_claim(server.id)
        if claim is None and server.status in RUNS and server.node_id == node.id:
            continue  # server_without_claim says it
        where = "none" if claim is None else f"node {claim.node_id}"
        detail = f"Ironic has a machine for this server that it does not hold: node {node.id} carries its instance_uuid, it holds {where}."
        known = server.id in node.marked and node.id in seen.rows.nodes and seen.rows.holder.get(node.id) is None
        safe = known and claim is None and server.status == "error" and seen.created_here(server.id)
        by_hand = "See what runs on the node; undeploy it, or clear its instance_uuid, by hand."
        yield Finding(
            "instance_misplaced",
            "server",
            server.id,
            detail,
            RELEASE if safe else by_hand,
            Repair.SAFE if safe else Repair.MANUAL,
            frozenset({server.id, node.id, *([claim.id, claim.node_id] if claim else ())}),
            {"node_id": node.id},
        )


def nodes_gone(seen: Seen) -> Iterator[Finding]:
    """The machine of a server is not in Ironic any more."""
    for server, claim, node in _held(seen):
        if node is None:
            detail = f"Ironic does not list the machine of this server: node {claim.node_id}."
            proposal = "Enrol the node again under the same id, or delete the server."
            yield _of_server("node_gone", server, claim, detail, proposal)


def nodes_lost(seen: Seen) -> Iterator[Finding]:
    """The machine of a server is free or another's by Ironic."""
    for server, claim, node in _held(seen):
        if node is not None and node.instance_id != server.id:
            carries = "no instance_uuid" if node.instance_id is None else f"instance_uuid {node.instance_id}"
            detail = f"Ironic does not name this server as the owner of its machine: node {node.id} carries {carries}."
            proposal = "Find out who changed it. If the machine is another's, delete the server: the machine is not torn down then."
            yield _of_server("node_lost", server, claim, detail, proposal)


def nodes_not_protected(seen: Seen) -> Iterator[Finding]:
    """The machine of a server could be undeployed by a request that comes late."""
    for server, claim, node in _held(seen):
        if node is not None and node.instance_id == server.id and server.status in RUNS and not node.protected:
            detail = f"Ironic does not protect the machine of this server: node {node.id}."
            proposal = f'Set it again: "baremetal node set --protected {node.id}".'
            yield _of_server("node_not_protected", server, claim, detail, proposal)


def _of_server(code: str, server: ServerRow, claim: ClaimRow, detail: str, proposal: str) -> Finding:
    return Finding(code, "server", server.id, detail, proposal, about=frozenset({server.id, claim.id, claim.node_id}))


def _nodes(seen: Seen) -> Iterator[NodeSeen]:
    yield from (seen.outside.nodes or {}).values()


def _held(seen: Seen) -> Iterator[tuple[ServerRow, ClaimRow, NodeSeen | None]]:
    """Servers with their claims, and the nodes as Ironic lists them."""
    for claim in seen.rows.claims.values():
        server = seen.rows.servers.get(claim.server_id)
        if claim.state == "live" and server is not None:
            yield server, claim, (seen.outside.nodes or {}).get(claim.node_id)
