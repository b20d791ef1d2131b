# SPDX-License-Identifier: Apache-2.0
"""The tasks of servers.create and servers.delete.

What a create made outside is undone as a whole by nodes.release, which the revert of ClaimNode inserts: undoing waits for Ironic, and a
revert must not wait.
"""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import Connection
from taskflow.types.failure import Failure

from baremetal_svc.conductor import client
from baremetal_svc.conductor.interruptions import NodeWait, NotYet
from baremetal_svc.conductor.run import Run
from baremetal_svc.conductor.step import Step
from baremetal_svc.db import batches, claims, faults, nics, nodes, operations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.db.secrets import Vault
from baremetal_svc.domain import configdrive
from baremetal_svc.domain.errors import DeployFailed, NoValidNode, OutsideRefused
from baremetal_svc.domain.image import layout
from baremetal_svc.domain.scheduling import NOTHING, Explanation
from baremetal_svc.domain.setup import Setup
from baremetal_svc.features.servers import rules
from baremetal_svc.gateways.protocols import Images, Ironic, Neutron
from baremetal_svc.scheduler.claim import Request, claim_nodes
from baremetal_svc.scheduler.explanation import explain_claim
from baremetal_svc.scheduler.ranking import Ranking

#: Of a claim, where each time enough machines are free just after it.
TRIES = 3
BY_RELEASE = "nodes.release, which the revert of ClaimNode inserts, undoes it"


class FindImage(Step):
    """What Ironic needs to know of the image, and of how the machine is set up."""

    IRREVERSIBLE: ClassVar[str | None] = "it only reads"

    def execute(
        self,
        images: Images,
        image_id: str,
        project_id: str,
        partitions: Mapping[str, int] | None = None,
        setup: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        image = images.get_image(image_id, project_id)
        if image is None or image.status != "active":
            raise OutsideRefused(f"Image {image_id} is not there or not active any more.")
        return Setup.of(setup).told({**image.instance_info, **layout(image, partitions or {})})


class FindImageToCreate(FindImage):
    """The same at the beginning of a create, which its batch may have got a node for before it began."""

    IRREVERSIBLE: ClassVar[str | None] = None

    def revert(self, server_id: str, nics: list[Mapping[str, Any]], quarantine: float, **kwargs: Any) -> None:
        """Leave the batch and hand the claim that another server's create made to a durable release, if ClaimNode has not."""

        def leave(conn: Connection) -> None:
            # Until this operation has ended it counts as going on: the next claim of the batch would be for it as well.
            batches.leave(conn, server_id)
            let_go(conn, self.run, server_id, nics, quarantine)

        self.run.transact(leave)


class ClaimNode(Step):
    """Claim a node that this operation has not tried, at first together with its batch; provides claim_id, node_id and its ports' MACs."""

    def execute(
        self,
        server_id: str,
        project_id: str,
        pool_ids: list[str],
        resource_class: str,
        image_id: str,
        ranking: Ranking,
        node_tags: list[str] | None = None,
        batch_id: str | None = None,
        setup: Mapping[str, Any] | None = None,
        reservation_id: str | None = None,
        grouped: bool = True,
    ) -> tuple[str, str, list[str]]:
        def claim(conn: Connection) -> tuple[str, str, list[str]] | Explanation:
            held = claims.live_of(conn, server_id)
            if held is None:
                tried = faults.nodes_tried(conn, self.run.id)
                request = Request(pool_ids, resource_class, node_tags or [], tried, image_id, Setup.of(setup), reservation_id, grouped)
                # A batch is one for the first try only.
                refused = self._claim(conn, server_id, project_id, request, None if request.excluded else batch_id, ranking)
                held = claims.live_of(conn, server_id)
                if held is None:
                    self._refuse(conn, refused, ranking)
                    return refused
            operations.set_placement(conn, self.run.id, {"pool": held["pool_id"], "weighers": ranking.names})
            row = nodes.get(conn, held["node_id"])
            return held["id"], held["node_id"], [port["address"] for port in (row or {"ports": []})["ports"]]

        found = self.run.transact(claim)
        if isinstance(found, Explanation):
            raise NoValidNode(found.refusal())
        return found

    def _claim(
        self, conn: Connection, server_id: str, project_id: str, request: Request, batch_id: str | None, ranking: Ranking
    ) -> Explanation:
        """Claim for the server, or for its whole batch when that comes here first; what stands in the way of those that got no node."""
        batch = None if batch_id is None else batches.queue_up(conn, batch_id)
        if batch is not None and batch["decided"]:
            return Explanation.of(batch["explanation"])
        server_ids = [server_id] if batch is None else batches.to_serve(conn, batch["id"], server_id)
        least = 1 if batch is None else min(batch["least"], len(server_ids))
        who: Any = {"project_id": project_id, "generation": self.run.generation, "skips_locked": self.run.db.skips_locked}
        # Once more where enough fit by the time of the explanation: somebody has just given one back.
        for _ in range(TRIES):
            taken = claim_nodes(conn, server_ids, request, least=least, ranking=ranking, **who)
            left = len(server_ids) - taken
            why = explain_claim(conn, server_id, request, wanted=left, least=1 if taken else least) if left else NOTHING
            if taken or not why.fits:
                break
        if batch is not None:
            batches.decide(conn, batch["id"], why.document())
        return why

    def _refuse(self, conn: Connection, refused: Explanation, ranking: Ranking) -> None:
        operations.set_placement(conn, self.run.id, {**refused.placement(), "weighers": ranking.names})
        what = {"kind": "operation", "target_id": self.run.id, "operation_id": self.run.id}
        faults.record(conn, **what, code=NoValidNode.code, message=refused.sentence())

    def revert(
        self, server_id: str, nics: list[Mapping[str, Any]], quarantine: float, flow_failures: Mapping[str, Failure], **kwargs: Any
    ) -> None:
        """Hand the claim to a durable release; the node that failed becomes a fault, so that it is not tried again."""
        self.run.transact(lambda conn: let_go(conn, self.run, server_id, nics, quarantine, rules.blames_node(flow_failures)))


class CreatePort(Step):
    """Create the port of one NIC with the MAC of the node's port, or take the tenant's own port."""

    IRREVERSIBLE = BY_RELEASE

    def __init__(self, index: int) -> None:
        super().__init__(f"create-port-{index}", provides=f"port_{index}")
        self._index = index

    def execute(
        self,
        neutron: Neutron,
        server_id: str,
        claim_id: str,
        project_id: str,
        nics: list[Mapping[str, Any]],
        mac_addresses: list[str],
        hostname: str,
    ) -> dict[str, Any]:
        nic = nics[self._index]
        if nic.get("port_id"):
            # The tenant's own port is one for every try: the machine tried before has to give it back first.
            if any(claim["id"] != claim_id for claim in self.run.query(lambda conn: claims.standing_of(conn, server_id))):
                raise NotYet("The port is still at the machine that was tried before.", seconds=5)
            port = neutron.attach_port(nic["port_id"], server_id=server_id, project_id=project_id)
        else:
            port = neutron.create_port(
                server_id=server_id,
                claim_id=claim_id,
                index=self._index,
                network_id=nic["network_id"],
                project_id=project_id,
                mac_address=mac_addresses[self._index] if self._index < len(mac_addresses) else None,
                hostname=hostname,
            )
        return {
            "id": port.id,
            "network_id": port.network_id,
            "mac_address": port.mac_address,
            "fixed_ips": [dict(ip) for ip in port.fixed_ips],
        }


class BindNode(Step):
    """Write the server and the image into the node: from here Ironic itself refuses others."""

    IRREVERSIBLE = BY_RELEASE

    def execute(self, ironic: Ironic, node_id: str, server_id: str, instance_info: dict[str, Any]) -> None:
        ironic.bind_node(node_id, server_id, instance_info)


class SetConfigDrive(Step):
    """Put names, keys, networks and user data where the machine finds them at its first boot."""

    IRREVERSIBLE = BY_RELEASE

    def __init__(self, count: int) -> None:
        super().__init__("set-config-drive", requires=[f"port_{index}" for index in range(count)])
        self._count = count

    def execute(self, ironic: Ironic, vault: Vault, node_id: str, server_id: str, **ports: Any) -> None:
        row, secrets = self.run.query(lambda conn: (servers.get(conn, server_id), vault.all_of(conn, self.run.id)))
        if row is None:
            raise OutsideRefused("The server is gone.")
        links = [
            configdrive.Link(port["id"], port["network_id"], port["mac_address"], port["fixed_ips"])
            for port in (ports[f"port_{index}"] for index in range(self._count))
        ]
        keys = {row["key_name"] or "default": secrets["public_key"]} if "public_key" in secrets else {}
        meta_data = configdrive.meta_data(row, keys, secrets.get("admin_pass"))
        drive: dict[str, Any] = {"meta_data": meta_data, "network_data": configdrive.network_data(links)}
        if "user_data" in secrets:
            drive["user_data"] = secrets["user_data"]
        if "personality" in secrets:
            drive["vendor_data"] = configdrive.vendor_data(json.loads(secrets["personality"]))
        ironic.set_config_drive(node_id, server_id, drive)


class AttachVif(Step):
    """Attach the port of one NIC to the node."""

    IRREVERSIBLE = BY_RELEASE

    def __init__(self, index: int) -> None:
        super().__init__(f"attach-vif-{index}", rebind={"port": f"port_{index}"})

    def execute(self, ironic: Ironic, node_id: str, server_id: str, port: Mapping[str, Any]) -> None:
        ironic.attach_vif(node_id, server_id, port["id"])


class StartDeploy(Step):
    """Ask Ironic to deploy; the time of the database after which a listing shows it."""

    IRREVERSIBLE = BY_RELEASE

    def execute(self, ironic: Ironic, node_id: str, server_id: str, setup: Mapping[str, Any] | None = None) -> float:
        ironic.deploy(node_id, server_id, Setup.of(setup).raid)
        return self.run.database_time()


class WaitUntilDeployed(Step):
    """Wait for a listing that shows the node active."""

    IRREVERSIBLE = "it only reads"

    def execute(self, node_id: str, server_id: str, deploy_asked_at: float) -> None:
        row = self.run.query(lambda conn: nodes.get(conn, node_id))
        if row is None or row["observed_at"] <= deploy_asked_at:
            raise NotYet("Ironic is deploying the node.", wait=NodeWait(node_id, deploy_asked_at))
        if row["instance_id"] == server_id and row["provision_state"] == "active":
            return
        if row["settled"] or row["gone"]:
            raise DeployFailed("Ironic could not deploy the node.")
        raise NotYet(f"The node is {row['provision_state']}.", wait=NodeWait(node_id, row["observed_at"]))


class ProtectNode(Step):
    """Protect the node, so that a request delivered late cannot undeploy it."""

    IRREVERSIBLE = BY_RELEASE

    def execute(self, ironic: Ironic, node_id: str, server_id: str, claim_id: str) -> None:
        ironic.protect(node_id, server_id, f"baremetal-svc claim {claim_id}")


class RecordServer(Step):
    """Write node, addresses and power state into the server's rows."""

    IRREVERSIBLE = "the rows of a server that failed are kept for its owner to see; nodes.release frees what they name"

    def __init__(self, count: int) -> None:
        super().__init__("record-server", requires=[f"port_{index}" for index in range(count)])
        self._count = count

    def execute(self, server_id: str, node_id: str, **ports: Any) -> None:
        def record(conn: Connection) -> None:
            row = nodes.get(conn, node_id)
            for index in range(self._count):
                port = ports[f"port_{index}"]
                columns = {name: port[name] for name in ("network_id", "mac_address", "fixed_ips")}
                nics.set_columns(conn, server_id, index, port_id=port["id"], **columns)
            power_state = None if row is None else row["power_state"]
            servers.set_columns(conn, server_id, node_id=node_id, power_state=power_state, launched_at=nodes.database_time(conn))

        self.run.transact(record)


class ReleaseClaim(Step):
    """Hand the server's claim, if it has one, to a durable release."""

    IRREVERSIBLE = "a delete only goes forward"

    def execute(self, server_id: str, nics: list[Mapping[str, Any]], quarantine: float) -> None:
        self.run.transact(lambda conn: let_go(conn, self.run, server_id, nics, quarantine))


class WaitUntilTornDown(Step):
    """Wait until no machine carries anything of the server; the release that comes to that point wakes this operation."""

    IRREVERSIBLE = "it only reads"

    def execute(self, server_id: str) -> None:
        if self.run.query(lambda conn: claims.standing_of(conn, server_id)):
            raise NotYet("The machine is being torn down.", seconds=60)


def let_go(conn: Connection, run: Run, server_id: str, nics: list[Mapping[str, Any]], quarantine: float, blamed: str | None = None) -> None:
    """Make the server's live claim, if it has one, releasing and insert its release operation.

    By the server, not by what a task provided: the claim may have been made by a run that died before saving it.

    :param blamed: why the node is to be a fault, None when it is not.
    """
    held = claims.live_of(conn, server_id)
    if held is None:
        return
    if blamed is not None:
        faults.record(conn, kind="node", target_id=held["node_id"], operation_id=run.id, code="deploy_failed", message=blamed)
    release_claim(conn, held, nics, quarantine, run.operation["request_id"])


def release_claim(conn: Connection, claim: Row, nics: list[Mapping[str, Any]], quarantine: float, request_id: str | None) -> None:
    """Make a live claim releasing and insert its release operation, in the caller's transaction."""
    claims.set_releasing(conn, claim["id"])
    arguments = {
        "claim_id": claim["id"],
        "node_id": claim["node_id"],
        "server_id": claim["server_id"],
        "nics": nics,
        "quarantine": quarantine,
    }
    client.enqueue_release(conn, claim, arguments, request_id)
