# SPDX-License-Identifier: Apache-2.0
"""The tasks of rebuild.deploy that a create does not have."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.conductor.step import Step
from baremetal_svc.db import nodes, servers
from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.domain.setup import Setup
from baremetal_svc.gateways.protocols import Ironic

FORWARD = "a rebuild only goes forward: an erased disk does not come back"


class LookAtNode(Step):
    """When Ironic changed the node's provision state last: tells later whether the rebuild was asked for already."""

    IRREVERSIBLE = "it only reads"

    def execute(self, ironic: Ironic, node_id: str) -> str | None:
        node = ironic.get_node(node_id)
        if node is None:
            raise OutsideRefused("The machine is not known to Ironic any more.")
        if node.maintenance:
            # Here, before its protection is taken away: Ironic would refuse later.
            raise OutsideRefused("The machine is in maintenance.")
        return node.provision_updated_at


class ClearProtection(Step):
    """Take away Ironic's protection, in a fenced step of its own."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str) -> None:
        ironic.unprotect(node_id, server_id)


class SetImage(Step):
    """Write the image into the node."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str, instance_info: Mapping[str, Any], preserve_ephemeral: bool) -> None:
        kept = {"preserve_ephemeral": "True"} if preserve_ephemeral else {}
        ironic.set_image(node_id, server_id, {**instance_info, **kept})


class StartRebuild(Step):
    """Ask Ironic to rebuild; the time of the database after which a listing shows it."""

    IRREVERSIBLE = FORWARD

    def execute(
        self,
        ironic: Ironic,
        node_id: str,
        server_id: str,
        provisioned_at: str | None,
        preserve_ephemeral: bool,
        setup: Mapping[str, Any] | None = None,
    ) -> float:
        # A RAID that is made anew preserves nothing: the one that is there is the server's.
        raid = {} if preserve_ephemeral else Setup.of(setup).raid
        ironic.rebuild(node_id, server_id, provisioned_at, raid)
        return self.run.database_time()


class RecordImage(Step):
    """Write image and power state into the server's row: what a failed rebuild leaves is the old image's name and an error."""

    IRREVERSIBLE = FORWARD

    def execute(self, server_id: str, node_id: str, image_id: str) -> None:
        def record(conn: Connection) -> None:
            node = nodes.get(conn, node_id)
            servers.set_columns(conn, server_id, image_id=image_id, power_state=None if node is None else node["power_state"])

        self.run.transact(record)
