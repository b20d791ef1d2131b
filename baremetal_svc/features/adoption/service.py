# SPDX-License-Identifier: Apache-2.0
"""The use cases of adoption."""

import uuid
from typing import Any

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.api import idempotency, quota
from baremetal_svc.api.call import Call
from baremetal_svc.conductor import client
from baremetal_svc.db import claims, flavors, nics, nodes, operations, servers
from baremetal_svc.db.candidates import take_node
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, existing
from baremetal_svc.domain.lifecycle import check_allowed
from baremetal_svc.domain.quota import SERVERS
from baremetal_svc.domain.server import Status
from baremetal_svc.features.adoption import rules
from baremetal_svc.gateways.protocols import ManageableView


def page(call: Call) -> list[ManageableView]:
    """Machines that could be adopted, as Ironic has them now. :raises Unavailable: Ironic is away."""
    return call.services.gateways.ironic.list_manageable()


def adopt(call: Call) -> tuple[Row, str | None]:
    """Make a server of a running machine; the server and its operation.

    :raises NotFound: node. :raises Conflict: it cannot be adopted, or is held by a server. :raises OverQuota: the owner's.
    """
    node_id, server_id = call.body["node_uuid"].lower(), str(uuid.uuid4())
    running = {view.id: view.image_source for view in page(call)}
    made: list[str] = []
    # The owner's limits, not those of the operator who asks.
    limits = quota.ask(call, call.body.get("project_id"))

    def make(conn: Connection) -> Row:
        node = existing(nodes.get(conn, node_id), "node", node_id)
        if (held := claims.holder_of(conn, node_id)) is not None:
            raise Conflict(f"Node {node_id} is held by server {held['server_id']} of this service.")
        if node_id not in running:
            # Ironic has said no; our row, which may be older, says why.
            rules.check_adoptable(node)
            raise Conflict(
                f"Node {node_id} is not active in Ironic now.", hint="GET /v1/manageable_servers lists those that can be adopted."
            )
        limits.grant(conn, (SERVERS,))
        row = _row(call, server_id, rules.image_id(running.get(node_id)))
        servers.insert(conn, row, [])
        claim_id = str(uuid.uuid4())
        take_node(conn, node_id)
        claimed = {"id": claim_id, "node_id": node_id, "pool_id": None, "server_id": server_id}
        claims.insert(conn, [{**claimed, "project_id": row["project_id"], "generation": 0}])
        arguments = {"server_id": server_id, "node_id": node_id, "claim_id": claim_id}
        made[:] = [client.enqueue_first(conn, call, "adoption.adopt", server_id, arguments)]
        return existing(servers.shown(conn, server_id), "server", server_id)

    row, is_new = idempotency.once(call, servers.shown, make, f"Node {node_id} is held by a server.")
    if is_new:
        call.services.wake(made[0])
    return row, made[0] if is_new else call.services.db.query(lambda conn: operations.create_of(conn, row["id"]))


def release(call: Call, server_id: str) -> str:
    """Let an adopted machine go as it is; the operation's id. :raises NotFound: :raises Conflict: not adopted, or not in this status."""

    def work(conn: Connection) -> str:
        row = existing(servers.get(conn, server_id, lock=True), "server", server_id)
        if operations.live_of(conn, server_id) or operations.live_delete_of(conn, server_id):
            raise client.in_progress(conn, server_id)
        check_allowed("adoption.release", row["status"])
        claim = claims.live_of(conn, server_id)
        if not row["adopted"] or claim is None:
            raise Conflict(f"Server {server_id} holds no adopted machine.", hint=f"Delete it: DELETE /v1/servers/{server_id}.")
        ports = [nic["port_id"] for nic in nics.of_server(conn, server_id) if nic["port_id"]]
        arguments = {"server_id": server_id, "node_id": claim["node_id"], "claim_id": claim["id"], "port_ids": ports}
        return client.enqueue(conn, call, "adoption.release", server_id, arguments)

    try:
        operation_id = call.services.db.transact(work)
    except DBDuplicateEntry as error:
        raise Conflict(f"Another operation of server {server_id} has just begun.", hint="Try again.") from error
    call.services.wake(operation_id)
    return operation_id


def _row(call: Call, server_id: str, image_id: str) -> dict[str, Any]:
    return {
        "id": server_id,
        "project_id": call.body.get("project_id", call.context.project_id),
        "user_id": call.context.user_id or "",
        "name": call.body["name"],
        "description": call.body.get("description"),
        "status": Status.BUILDING,
        "flavor_id": flavors.ADOPTED_ID,
        "image_id": image_id,
        "metadata": call.body.get("metadata") or {},
        "partitions": {},
        "adopted": True,
    }
