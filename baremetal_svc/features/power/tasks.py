# SPDX-License-Identifier: Apache-2.0
"""The tasks of power.*: ask, wait for the listing that shows it, record."""

from baremetal_svc.conductor.interruptions import NodeWait, NotYet
from baremetal_svc.conductor.step import Step
from baremetal_svc.db import nodes, servers
from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.gateways.protocols import Ironic

FORWARD = "power is set, not undone: the lifecycle table says what a failure leaves"


class SetPower(Step):
    """Ask Ironic for the power state; the time of the database after which a listing shows it."""

    IRREVERSIBLE = FORWARD

    def execute(self, ironic: Ironic, node_id: str, server_id: str, power_target: str) -> float:
        ironic.set_power(node_id, server_id, power_target)
        return self.run.database_time()


class WaitUntilPowered(Step):
    """Wait for a listing that shows the node at rest in the wanted power state."""

    IRREVERSIBLE = "it only reads"

    def execute(self, node_id: str, power_wanted: str, power_asked_at: float) -> None:
        row = self.run.query(lambda conn: nodes.get(conn, node_id))
        if row is None or row["gone"]:
            raise OutsideRefused("The machine is not known to Ironic any more.")
        if row["observed_at"] <= power_asked_at or row["target_power_state"] is not None:
            raise NotYet("Ironic is changing the power state.", wait=NodeWait(node_id, max(row["observed_at"], power_asked_at)))
        if row["power_state"] != power_wanted:
            raise OutsideRefused(f'The machine is at "{row["power_state"]}" instead of "{power_wanted}".')


class RecordPower(Step):
    """Write the power state into the server's row."""

    IRREVERSIBLE = FORWARD

    def execute(self, server_id: str, power_wanted: str) -> None:
        self.run.transact(lambda conn: servers.set_columns(conn, server_id, power_state=power_wanted))
