# SPDX-License-Identifier: Apache-2.0
"""The use case of power: one operation per change, refused while another runs."""

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.conductor import client
from baremetal_svc.db import nodes, operations, servers
from baremetal_svc.domain.errors import existing
from baremetal_svc.domain.lifecycle import check_allowed
from baremetal_svc.domain.server import STABLE, Status, check_unlocked, check_workable
from baremetal_svc.features.power import rules


def set_power(call: Call, server_id: str) -> str:
    """Enqueue the change; the operation's id.

    :raises NotFound: unknown or foreign. :raises OperationInProgress:
    :raises Conflict: not in this status, locked, without a machine, or in maintenance.
    """
    power = rules.TARGETS[call.body["target"]]

    def work(conn: Connection) -> str:
        row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
        check_unlocked(row, is_operator=call.context.is_operator)
        if Status(row["status"]) not in STABLE and (operations.live_of(conn, server_id) or operations.live_delete_of(conn, server_id)):
            raise client.in_progress(conn, server_id)
        check_allowed(power.kind, row["status"])
        check_workable(row, None if row["node_id"] is None else nodes.get(conn, row["node_id"]))
        arguments = {"server_id": server_id, "node_id": row["node_id"], "power_target": power.target, "power_wanted": power.wanted}
        return client.enqueue(conn, call, power.kind, server_id, arguments)

    operation_id = call.services.db.transact(work)
    call.services.wake(operation_id)
    return operation_id
