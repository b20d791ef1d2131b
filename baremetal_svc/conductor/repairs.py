# SPDX-License-Identifier: Apache-2.0
"""Mends what can be mended safely, one function for each kind of drift.

Each looks again before it changes anything: in its transaction, or at the service just before the call. Each may be done twice, and whoever
dies in between leaves what the next look finds again. A machine is never touched from here: that is for nodes.release, which is durable.
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.conductor import client, persistence
from baremetal_svc.db import claims, faults, nics, operations, rows, servers, survey
from baremetal_svc.db.candidates import take_node
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.domain.observed import Finding, Seen
from baremetal_svc.domain.operation import FINAL
from baremetal_svc.gateways.protocols import Ironic, Neutron
from baremetal_svc.scheduler import offers


@dataclass(frozen=True, slots=True)
class Tools:
    """What a repair works with; ``quarantine``: seconds that a node stays off when it is given back."""

    db: Database
    ironic: Ironic
    neutron: Neutron
    quarantine: float


Mend = Callable[[Tools, Seen, Finding], bool]


def record_of(finding: Finding) -> dict[str, str]:
    """A finding as a row of faults."""
    return {"target_kind": finding.target_kind, "target_id": finding.target, "code": finding.code, "message": finding.detail}


def mend(tools: Tools, seen: Seen, finding: Finding) -> bool:
    """Carry out the repair of a safe finding; False when there was nothing left to do.

    :raises Unavailable: a service or the database is away.
    :raises OutsideRefused: a service refuses it.
    """
    return REPAIRS[finding.code](tools, seen, finding)


def _transact(tools: Tools, finding: Finding, work: Callable[[Connection], bool]) -> bool:
    """Do the work, which locks before it looks, and note it for the record with it."""

    def whole(conn: Connection) -> bool:
        done = work(conn)
        if done:
            faults.insert(conn, [record_of(finding)], cleared=True)
        return done

    return tools.db.transact(whole)


def _release_claim(tools: Tools, seen: Seen, finding: Finding) -> bool:
    def work(conn: Connection) -> bool:
        claim = claims.get(conn, finding.facts["claim_id"], lock=True)
        if claim is None or survey.at_work(conn, finding.about):
            return False
        if claim["state"] == "live":
            if servers.get(conn, claim["server_id"]) is not None:
                return False
            claims.set_releasing(conn, claim["id"])
        _enqueue(conn, tools, seen, claim)
        return True

    return _transact(tools, finding, work)


def _release_instance(tools: Tools, seen: Seen, finding: Finding) -> bool:
    server_id, node_id = finding.target, finding.facts["node_id"]
    # The claim that the ports were made for, so that its release finds them.
    made_for = [port.claim_id for port in seen.outside.ports_of.get(server_id, ()) if port.claim_id]

    def work(conn: Connection) -> bool:
        made = operations.page(conn, project_id=None, target_id=server_id, state=None, limit=1, marker=None)
        # A retry locks the server as well, and gives it a node again.
        failed = servers.get(conn, server_id, lock=True)
        wanted = failed is not None and (failed["status"] != "error" or claims.live_of(conn, server_id) is not None)
        if not made or wanted or survey.at_work(conn, finding.about):
            return False
        claim_id = made_for[0] if made_for else str(uuid.uuid4())
        claimed = {"node_id": node_id, "pool_id": None, "server_id": server_id}
        take_node(conn, node_id)
        try:
            with conn.begin_nested():
                project_id = made[0]["project_id"] or ""
                claims.insert(conn, [{**claimed, "id": claim_id, "project_id": project_id, "generation": 0}])
        except DBDuplicateEntry:
            return False  # somebody holds the node now
        claims.set_releasing(conn, claim_id)
        claim = claims.get(conn, claim_id)
        assert claim is not None  # noqa: S101 (inserted above)
        _enqueue(conn, tools, seen, claim)
        return True

    return _transact(tools, finding, work)


def _enqueue(conn: Connection, tools: Tools, seen: Seen, claim: rows.Row) -> None:
    """Insert the release of a claim with the ports that Neutron lists for it."""
    ports = seen.outside.ports_of.get(claim["server_id"], ())
    connections = [{"network_id": port.network_id, "nic_index": port.index} for port in ports if port.claim_id == claim["id"]]
    if claim["server_id"] not in seen.rows.servers:
        # While the server is there, what its project made may serve it on another machine.
        connections += [{"port_id": port.id} for port in ports if port.claim_id is None]
    names = {"claim_id": claim["id"], "node_id": claim["node_id"], "server_id": claim["server_id"]}
    client.enqueue_release(conn, claim, {**names, "nics": connections, "quarantine": tools.quarantine}, None)


def _set_status(tools: Tools, seen: Seen, finding: Finding) -> bool:
    def work(conn: Connection) -> bool:
        row = servers.get(conn, finding.target, lock=True)
        if row is None or row["status"] != finding.facts["from"] or survey.at_work(conn, finding.about):
            return False
        return servers.set_columns(conn, finding.target, status=finding.facts["to"])

    return _transact(tools, finding, work)


def _list_nic(tools: Tools, seen: Seen, finding: Finding) -> bool:
    def work(conn: Connection) -> bool:
        row = servers.get(conn, finding.target, lock=True)
        position = finding.facts["position"]
        stuck = any(nic["nic_index"] == position and nic["detaching"] for nic in nics.of_server(conn, finding.target))
        if row is None or not stuck or survey.at_work(conn, finding.about):
            return False
        nics.set_columns(conn, finding.target, position, detaching=False)
        return True

    return _transact(tools, finding, work)


def _unblock(tools: Tools, seen: Seen, finding: Finding) -> bool:
    return _transact(tools, finding, lambda conn: operations.unblock(conn, finding.target, finding.facts["blocked_by"]))


def _forget_logbook(tools: Tools, seen: Seen, finding: Finding) -> bool:
    book = persistence.TABLES.logbooks.c.uuid

    def work(conn: Connection) -> bool:
        known = conn.execute(sa.select(book).where(book == finding.target)).first()
        if known is None or not _has_ended(conn, finding.target):
            return False
        persistence.destroy(conn, finding.target)
        return True

    return _transact(tools, finding, work)


def _forget_secrets(tools: Tools, seen: Seen, finding: Finding) -> bool:
    return _transact(tools, finding, lambda conn: _has_ended(conn, finding.target) and operations.forget_secrets(conn, finding.target))


def _has_ended(conn: Connection, operation_id: str) -> bool:
    """An operation that has ended never lives again: no lock is needed."""
    row = operations.get(conn, operation_id)
    return row is None or row["state"] in FINAL


def _recompute(tools: Tools, seen: Seen, finding: Finding) -> bool:
    def work(conn: Connection) -> bool:
        # Which locks the node's row.
        disagreed = bool(offers.disagreeing(conn, [finding.target]))
        offers.recompute(conn, [finding.target])
        return disagreed

    return _transact(tools, finding, work)


def _release_port(tools: Tools, seen: Seen, finding: Finding) -> bool:
    """Look at our rows and at the port, then let it go. Its key names a claim that never comes back: nobody can want it meanwhile."""
    facts, server_id = finding.facts, finding.target

    def wanted(conn: Connection) -> bool:
        if survey.at_work(conn, finding.about):
            return True
        if servers.get(conn, server_id) is None:
            return bool(claims.standing_of(conn, server_id))
        return facts["own"] or any(nic["port_id"] == facts["port_id"] for nic in nics.of_server(conn, server_id))

    if tools.db.query(wanted):
        return False
    port = tools.neutron.get_port(facts["port_id"])
    if port is None or port.device_id != server_id:
        return False
    tools.neutron.release_port(port.id, preserve=facts["own"])
    return _transact(tools, finding, lambda conn: True)


def _detach_vif(tools: Tools, seen: Seen, finding: Finding) -> bool:
    """Off the node, which must be nobody's still; then the port as any other."""
    node_id = finding.facts["node_id"]
    node = tools.ironic.get_node(node_id)
    held = tools.db.query(lambda conn: claims.holder_of(conn, node_id) is not None)
    if node is None or node.instance_id is not None or held:
        return False
    tools.ironic.detach_vifs(node_id, [finding.facts["port_id"]])
    return _release_port(tools, seen, finding)


def _detach_stale_vif(tools: Tools, seen: Seen, finding: Finding) -> bool:
    """Off a node that is nobody's still, once Neutron has said that there is no such port: else somebody may be about to use it."""
    node_id, port_id = finding.target, finding.facts["port_id"]
    if tools.neutron.get_port(port_id) is not None:
        raise OutsideRefused(f"Port {port_id} on node {node_id} exists.")
    node = tools.ironic.get_node(node_id)
    held = tools.db.query(lambda conn: claims.holder_of(conn, node_id) is not None)
    if node is None or node.instance_id is not None or node.provision_state != "available" or held:
        return False
    tools.ironic.detach_vifs(node_id, [port_id])
    return _transact(tools, finding, lambda conn: True)


REPAIRS: Mapping[str, Mend] = {
    "claim_without_server": _release_claim,
    "claim_not_released": _release_claim,
    "instance_without_server": _release_instance,
    "instance_misplaced": _release_instance,
    "status_stuck": _set_status,
    "nic_detaching": _list_nic,
    "operation_blocked": _unblock,
    "logbook_without_operation": _forget_logbook,
    "secret_without_operation": _forget_secrets,
    "offers_disagree": _recompute,
    "port_without_server": _release_port,
    "port_without_nic": _release_port,
    "vif_without_server": _detach_vif,
    "vif_on_free_node": _detach_stale_vif,
}
#: Those after which a machine is torn down.
TEAR_DOWNS = frozenset({"claim_without_server", "claim_not_released", "instance_without_server", "instance_misplaced"})


def summary(finding: Finding) -> dict[str, str]:
    """What a notification says of a repair: no messages, they may say what only operators should read."""
    return {"code": finding.code, "target_kind": finding.target_kind, "target_id": finding.target}
