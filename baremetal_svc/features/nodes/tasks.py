# SPDX-License-Identifier: Apache-2.0
"""The tasks of nodes.release. Each finds what an earlier run did; none has a revert, since a release only goes forward."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.conductor.interruptions import NodeWait, NotYet
from baremetal_svc.conductor.step import Step
from baremetal_svc.db import claims, faults, nodes, operations
from baremetal_svc.domain.node import STRAY
from baremetal_svc.features.nodes import rules
from baremetal_svc.gateways.protocols import Ironic, Neutron
from baremetal_svc.scheduler import offers

FORWARD = "a release only goes forward: it is run again until it is done"


class ClearProtection(Step):
    """Take away Ironic's protection, in a fenced step of its own: from here the machine may be undeployed."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        ironic.unprotect(node_id, server_id)


class UndeployNode(Step):
    """Ask Ironic to tear down until the node does not carry the server any more; waits inside, since a failed tear-down is asked again."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        node = ironic.get_node(node_id)
        if node is None or rules.is_torn_down(node.provision_state, node.instance_id, server_id):
            return
        since = self.run.database_time()
        if node.provision_state == "available":
            ironic.unbind_node(node_id, server_id)
            return
        ironic.undeploy(node_id, server_id)
        if node.provision_state == "error":
            # It is at rest and would wake us at every listing: ask again at a slow pace.
            raise NotYet(f"The tear-down failed and is asked again: {node.last_error}", seconds=60)
        raise NotYet("The node is being torn down.", seconds=60, wait=NodeWait(node_id, since, "torn_down"))


class FindPorts(Step):
    """Which ports were made for the claim, or taken for it."""

    IRREVERSIBLE = "it only reads"

    def execute(self, neutron: Neutron, server_id: str, claim_id: str, nics: list[Mapping[str, Any]]) -> list[str]:
        made = [port.id for port in neutron.list_ports(server_id, claim_id)]
        return made + [nic["port_id"] for nic in nics if nic.get("port_id")]


class DetachVifs(Step):
    """Take the ports off the node."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, port_ids: list[str]) -> None:
        if port_ids:
            ironic.detach_vifs(node_id, port_ids)


class ReleasePort(Step):
    """Delete the port of one NIC, or give the tenant's own port back."""

    IRREVERSIBLE = FORWARD

    def __init__(self, index: int) -> None:
        super().__init__(f"release-port-{index}")
        self._index = index

    def execute(self, neutron: Neutron, server_id: str, claim_id: str, nics: list[Mapping[str, Any]]) -> None:
        nic = nics[self._index]
        own = nic.get("port_id")
        if own:
            port = neutron.get_port(own)
            # It may serve another server since: only what carries our device_id is ours to give back.
            if port is not None and port.device_id == server_id:
                neutron.release_port(own, preserve=True)
            return
        # The place of the NIC, which is its index only until one before it was detached.
        port = neutron.find_port(server_id, claim_id, nic.get("nic_index", self._index))
        if port is not None:
            neutron.release_port(port.id, preserve=False)


class RecordTornDown(Step):
    """Note that nothing of the server is left, and wake its delete."""

    IRREVERSIBLE = FORWARD

    def execute(self, claim_id: str, server_id: str) -> float:
        self.run.transact(lambda conn: self._record(conn, claim_id, server_id))
        return self.run.database_time()

    @staticmethod
    def _record(conn: Connection, claim_id: str, server_id: str) -> None:
        claims.set_torn_down(conn, claim_id)
        delete = operations.live_delete_of(conn, server_id)
        if delete is not None:
            operations.wake(conn, delete["id"])


class WaitUntilAvailable(Step):
    """Wait until Ironic has cleaned the node; a node that cannot be cleaned becomes a fault and is waited for.

    What a request that came late has deployed meanwhile, without a server, is torn down again.
    """

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str, torn_down_at: float) -> None:
        row = self.run.query(lambda conn: nodes.get(conn, node_id))
        if row is None:
            return
        fresh = row["observed_at"] > torn_down_at
        if fresh and rules.is_given_back(row["provision_state"], row["instance_id"], server_id, gone=row["gone"]):
            return
        since = max(row["observed_at"], torn_down_at)
        if fresh and row["instance_id"] is None and row["provision_state"] in STRAY:
            since = self.run.database_time()
            ironic.undeploy(node_id, server_id)
            raise NotYet("The node was deployed without a server and is torn down again.", seconds=60, wait=NodeWait(node_id, since))
        if fresh and (row["settled"] or since - self.run.operation["created_at"] > rules.PATIENCE):
            message = f"The node is not given back: {row['provision_state']}. {row['last_error'] or ''}".strip()
            self.run.transact(
                lambda conn: faults.record(
                    conn, kind="node", target_id=node_id, operation_id=self.run.id, code="not_given_back", message=message
                )
            )
        # A node at rest would wake us at every listing: an operator has to act first, so look at a slow pace.
        wait = None if fresh and row["settled"] else NodeWait(node_id, since)
        raise NotYet(f"The node is {row['provision_state']}.", seconds=60, wait=wait)


class FreeNode(Step):
    """Delete the claim; the node is offered again after its quarantine, when no late request of ours can reach it any more."""

    IRREVERSIBLE = FORWARD

    def execute(self, claim_id: str, node_id: str, quarantine: float) -> None:
        self.run.transact(lambda conn: self._free(conn, claim_id, node_id, quarantine))

    @staticmethod
    def _free(conn: Connection, claim_id: str, node_id: str, quarantine: float) -> None:
        if claims.get(conn, claim_id) is None:
            return
        claims.forget(conn, claim_id)
        faults.clear(conn, node_id)
        nodes.note_release(conn, node_id, quarantine)
        offers.recompute(conn, [node_id])
