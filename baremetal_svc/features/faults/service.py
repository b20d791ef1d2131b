# SPDX-License-Identifier: Apache-2.0
"""The use cases of faults."""

from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import faults, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import existing
from baremetal_svc.scheduler.offers import recompute


def of_server(call: Call, server_id: str, limit: int) -> list[Row]:
    """Faults of a server, newest first. :raises NotFound: the server is unknown or foreign, or the marker."""

    def work(conn: Connection) -> list[Row]:
        existing(servers.get(conn, server_id, call.visible_project), "server", server_id)
        return _page(conn, call, {"target_kind": "server", "target_id": server_id}, None, limit)

    return call.services.db.query(work)


def page(call: Call, limit: int) -> list[Row]:
    """Faults of everything, newest first. :raises NotFound: the marker."""
    names = {"target_kind": "target_kind", "target_uuid": "target_id"}
    filters = {column: call.query[name] for name, column in names.items() if name in call.query}
    still_open = call.query["open"].lower() in ("true", "1") if "open" in call.query else None
    return call.services.db.query(lambda conn: _page(conn, call, filters, still_open, limit))


def clear(call: Call, fault_id: str) -> None:
    """Close a fault; it stays in the history. :raises NotFound:"""

    def work(conn: Connection) -> None:
        row = existing(faults.get(conn, fault_id), "fault", fault_id)
        faults.clear_one(conn, fault_id)
        if row["target_kind"] == "node":
            recompute(conn, [row["target_id"]])

    call.services.db.transact(work)


def _page(conn: Connection, call: Call, filters: dict[str, Any], still_open: bool | None, limit: int) -> list[Row]:
    marker = None
    if "marker" in call.query:
        found = faults.get(conn, call.query["marker"])
        fits = found is not None and all(found[name] == value for name, value in filters.items())
        marker = existing(found if fits else None, "fault", call.query["marker"])
    return faults.page(conn, filters, still_open=still_open, limit=limit, marker=marker)
