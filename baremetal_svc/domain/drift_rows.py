# SPDX-License-Identifier: Apache-2.0
"""Drift that our rows alone tell: claims, statuses and operations that nobody takes further, leftovers, offers; a function each."""

from collections.abc import Iterator

from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.observed import ClaimRow, Finding, PastOperation, Repair, Seen, ServerRow
from baremetal_svc.domain.server import STABLE, Status

#: Seconds past its deadline after which an operation is stuck: it looks at the deadline before each task, and backs off for 300 s at most.
OVERDUE = 900.0
#: Leases that have run out one after the other while nobody took the operation.
LEASES = 10
#: Statuses of a server that has a machine.
RUNS = frozenset({Status.ACTIVE, Status.STOPPED})


def claims_without_server(seen: Seen) -> Iterator[Finding]:
    """A server is gone and its node is still held for it."""
    for claim in seen.rows.claims.values():
        if claim.state == "live" and claim.server_id not in seen.rows.servers:
            detail = f"Claim {claim.id} holds node {claim.node_id} for server {claim.server_id}, which is not there."
            safe = seen.created_here(claim.server_id)
            by_hand = "No operation says that this service deployed the machine: see what runs on it before you delete the claim's row."
            proposal = "Release the claim: the machine is torn down, cleaned and offered again." if safe else by_hand
            yield _of_claim("claim_without_server", claim, detail, proposal, Repair.SAFE if safe else Repair.MANUAL)


def claims_not_released(seen: Seen) -> Iterator[Finding]:
    """A node is to be given back and nobody does it."""
    for claim in seen.rows.claims.values():
        if claim.state == "releasing":
            detail = f"Claim {claim.id} on node {claim.node_id} is to be released, and no operation does it."
            yield _of_claim("claim_not_released", claim, detail, "Start the operation nodes.release anew.", Repair.SAFE)


def _of_claim(code: str, claim: ClaimRow, detail: str, proposal: str, repair: Repair) -> Finding:
    about = frozenset({claim.id, claim.server_id, claim.node_id} if claim.state == "live" else {claim.id, claim.node_id})
    return Finding(code, "server", claim.server_id, detail, proposal, repair, about, {"claim_id": claim.id})


def servers_without_claim(seen: Seen) -> Iterator[Finding]:
    """A server runs on a node that is not held for it."""
    for server in seen.rows.servers.values():
        if server.status in RUNS and seen.rows.live_claim(server.id) is None:
            detail = f"The server is {server.status} and holds no machine."
            proposal = f"Its row names node {server.node_id}: see whether it runs there, and restore its claim from a backup, or delete it."
            about = frozenset({server.id, *([server.node_id] if server.node_id else ())})
            yield Finding("server_without_claim", "server", server.id, detail, proposal, about=about)


def statuses_stuck(seen: Seen) -> Iterator[Finding]:
    """A server is on its way from one status to another, and no operation brings it there."""
    for server in seen.rows.servers.values():
        if server.status not in STABLE:
            wanted = _told_status(server, seen.past.get(server.id, ()))
            detail = f"The server is {server.status}, and no operation is under way."
            by_hand = "Its operations do not tell what it is: reset it to what its machine shows, or delete it."
            proposal = f"Set it to {wanted}, as its last operation ended." if wanted else by_hand
            repair = Repair.SAFE if wanted else Repair.MANUAL
            facts = {"from": server.status, "to": wanted}
            yield Finding("status_stuck", "server", server.id, detail, proposal, repair, frozenset({server.id}), facts)


def _told_status(server: ServerRow, past: tuple[PastOperation, ...]) -> str | None:
    ended = [operation for operation in past if operation.ended_at is not None and LIFECYCLE[operation.kind].during is not None]
    last = max(ended, key=lambda operation: operation.ended_at or 0.0, default=None)
    if last is None or LIFECYCLE[last.kind].during != server.status:
        return None
    return LIFECYCLE[last.kind].end(last.state)


def nics_detaching(seen: Seen) -> Iterator[Finding]:
    """A NIC is shown as going, and nobody takes it away."""
    for nic in seen.rows.nics.values():
        if nic.detaching:
            detail = f"Network connection {nic.position} is being removed, and no operation does it."
            proposal = "List it again, so that its owner can ask once more."
            facts = {"position": nic.position}
            yield Finding("nic_detaching", "server", nic.server_id, detail, proposal, Repair.SAFE, frozenset({nic.server_id}), facts)


def operations_blocked(seen: Seen) -> Iterator[Finding]:
    """An operation waits for the end of one that has ended."""
    for operation in seen.rows.operations.values():
        first, other = seen.before.operations.get(operation.id), operation.blocked_by
        if first is None or other is None or first.blocked_by != other:
            continue
        if other not in seen.rows.operations and other not in seen.before.operations:
            detail = f"The operation ({operation.kind}) waits for operation {other}, which has ended."
            facts = {"blocked_by": other}
            yield Finding("operation_blocked", "operation", operation.id, detail, "Make it due now.", Repair.SAFE, facts=facts)


def operations_overdue(seen: Seen) -> Iterator[Finding]:
    """An operation has not come to its end long after its deadline."""
    for operation in seen.rows.operations.values():
        if operation.id in seen.before.operations and (operation.overdue or 0.0) > OVERDUE:
            detail = f"The operation ({operation.kind}) should have ended {round((operation.overdue or 0.0) / 60)} minutes ago."
            proposal = "Its reason says for what it waits: see to that, or cancel it."
            yield Finding("operation_overdue", "operation", operation.id, detail, proposal)


def operations_abandoned(seen: Seen) -> Iterator[Finding]:
    """A conductor has died and no other one goes on."""
    for operation in seen.rows.operations.values():
        if operation.id in seen.before.operations and (operation.abandoned or 0.0) > LEASES * seen.lease:
            detail = f"Nobody goes on with the operation ({operation.kind}) since its conductor left it {operation.abandoned:.0f} s ago."
            proposal = "See whether conductors run, and whether their release knows the operation: baremetal-svc-status upgrade check."
            yield Finding("operation_abandoned", "operation", operation.id, detail, proposal)


def logbooks_without_operation(seen: Seen) -> Iterator[Finding]:
    """TaskFlow's notes of an operation that has ended or is not there."""
    live = seen.rows.operations.keys() | seen.before.operations.keys()
    for book_id in sorted((seen.rows.logbooks & seen.before.logbooks) - live):
        detail = "There is a logbook of an operation that has ended, or is not there."
        yield Finding("logbook_without_operation", "operation", book_id, detail, "Delete it: nobody reads it.", Repair.SAFE)


def secrets_without_operation(seen: Seen) -> Iterator[Finding]:
    """Secrets of an operation that has ended."""
    for operation_id in sorted(seen.rows.secrets & seen.before.secrets):
        detail = "There are secrets of an operation that has ended."
        yield Finding("secret_without_operation", "operation", operation_id, detail, "Delete them: nobody reads them.", Repair.SAFE)


def offers_disagreeing(seen: Seen) -> Iterator[Finding]:
    """A node's pools or offers are not what its tags, facts and state make of it."""
    for node_id in sorted(seen.rows.offers & seen.before.offers):
        detail = f"The pools or offers of node {node_id} are not what its tags and state say."
        yield Finding("offers_disagree", "node", node_id, detail, "Recompute them.", Repair.SAFE, frozenset({node_id}))
