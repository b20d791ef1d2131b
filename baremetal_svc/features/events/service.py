# SPDX-License-Identifier: Apache-2.0
"""The use case of events."""

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import operations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import existing


def page(call: Call, server_id: str, limit: int) -> list[Row]:
    """Operations of a server, newest first. :raises NotFound: the server is unknown or foreign, or the marker is none of its operations."""

    def work(conn: Connection) -> list[Row]:
        existing(servers.get(conn, server_id, call.visible_project), "server", server_id)
        marker = None
        if "marker" in call.query:
            found = operations.get(conn, call.query["marker"])
            marker = existing(found if found and found["target_id"] == server_id else None, "operation", call.query["marker"])
        return operations.page(conn, project_id=None, target_id=server_id, state=None, limit=limit, marker=marker)

    return call.services.db.query(work)
