# SPDX-License-Identifier: Apache-2.0
"""The use case of rebuild. Nothing of the server is changed before the operation does it (defect 32 of Mogan)."""

from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.conductor import client
from baremetal_svc.db import claims, operations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, existing
from baremetal_svc.domain.image import check_active, check_partitions
from baremetal_svc.domain.lifecycle import check_allowed
from baremetal_svc.domain.server import check_unlocked


def rebuild(call: Call, server_id: str) -> str:
    """Enqueue the rebuild; the operation's id.

    :raises NotFound: server or image. :raises Invalid: the image does not fit the server's partitions.
    :raises Conflict: status, lock, image not active, another operation, no machine.
    """
    row, _ = call.services.db.query(lambda conn: _rebuildable(conn, call, server_id))
    image_id = call.body.get("image_uuid", row["image_id"]).lower()
    image = existing(call.services.gateways.images.get_image(image_id, row["project_id"]), "image", image_id)
    check_active(image)
    check_partitions(image, row["partitions"])

    def work(conn: Connection) -> str:
        server, claim = _rebuildable(conn, call, server_id)
        arguments: dict[str, Any] = {
            "server_id": server_id,
            "node_id": claim["node_id"],
            "claim_id": claim["id"],
            "image_id": image_id,
            "partitions": server["partitions"],
            "preserve_ephemeral": bool(call.body.get("preserve_ephemeral")),
        }
        return client.enqueue(conn, call.context, "rebuild.deploy", server_id, arguments)

    operation_id = call.services.db.transact(work)
    call.services.wake(operation_id)
    return operation_id


def _rebuildable(conn: Connection, call: Call, server_id: str) -> tuple[Row, Row]:
    """The server, locked for this transaction, and its claim. :raises NotFound: :raises Conflict:"""
    row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
    check_unlocked(row, is_operator=call.context.is_operator)
    if operations.live_of(conn, server_id) or operations.live_delete_of(conn, server_id):
        raise client.in_progress(conn, server_id)
    check_allowed("rebuild.deploy", row["status"])
    claim = claims.live_of(conn, server_id)
    if claim is None:
        raise Conflict(f"Server {server_id} has no machine.", hint="Delete it and create it again.")
    return row, claim
