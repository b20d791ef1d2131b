# SPDX-License-Identifier: Apache-2.0
"""The use cases of server groups."""

import uuid

from sqlalchemy import Connection

from baremetal_svc.api import idempotency, quota
from baremetal_svc.api.call import Call
from baremetal_svc.db import groups
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import existing
from baremetal_svc.domain.quota import SERVER_GROUPS
from baremetal_svc.features.server_groups import rules

Found = tuple[Row, list[str]]


def create(call: Call) -> Found:
    """Create a group of the caller's project; its row and members (none). :raises Invalid: its rule. :raises OverQuota:"""
    values = {
        "id": str(uuid.uuid4()),
        "name": call.body["name"],
        "project_id": call.context.project_id,
        "user_id": call.context.user_id or "",
        **rules.columns(call.body, call.services.conf.scheduler.failure_domain_levels),
    }

    def make(conn: Connection) -> Row:
        limits.grant(conn, (SERVER_GROUPS,))
        groups.insert(conn, values)
        return existing(groups.get(conn, values["id"] or ""), "server group", str(values["id"]))

    replayed = idempotency.replay(call, groups.get)
    if replayed is not None:
        return replayed, []
    limits = quota.ask(call)
    row, _ = idempotency.once(call, groups.get, make, "The server group could not be written.")
    return row, []


def page(call: Call, limit: int) -> list[Found]:
    """Groups and their members: two queries whatever the limit. :raises NotFound: the marker."""
    everybody = call.context.is_operator and str(call.query.get("all_tenants", "")).lower() in ("true", "1")
    project, marker = None if everybody else call.context.project_id, call.query.get("marker")

    def work(conn: Connection) -> list[Found]:
        if marker is not None:
            existing(groups.get(conn, marker, project), "server group", marker)
        rows = groups.page(conn, project_id=project, limit=limit, marker=marker)
        members = groups.members_of(conn, [row["id"] for row in rows])
        return [(row, members[row["id"]]) for row in rows]

    return call.services.db.query(work)


def show(call: Call, group_id: str) -> Found:
    """One group and its members. :raises NotFound: unknown or foreign."""

    def work(conn: Connection) -> Found:
        row = existing(groups.get(conn, group_id, call.visible_project), "server group", group_id)
        return row, groups.members_of(conn, [group_id])[group_id]

    return call.services.db.query(work)


def delete(call: Call, group_id: str) -> None:
    """Delete a group; its servers stay where they are. :raises NotFound: unknown or foreign."""

    def work(conn: Connection) -> None:
        existing(groups.get(conn, group_id, call.visible_project), "server group", group_id)
        groups.forget(conn, group_id)

    call.services.db.transact(work)
