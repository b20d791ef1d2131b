# SPDX-License-Identifier: Apache-2.0
"""The use case of locks: a change of one column, at once."""

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import servers
from baremetal_svc.domain.errors import existing
from baremetal_svc.domain.server import check_not_deleting
from baremetal_svc.features.locking import rules


def set_lock(call: Call, server_id: str) -> None:
    """Lock or unlock; again is a no-op.

    :raises NotFound: unknown or foreign. :raises Conflict: it is being deleted. :raises Forbidden: the lock is an operator's.
    """

    def work(conn: Connection) -> None:
        row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
        check_not_deleting(row)
        held_by = rules.holder(row["locked_by"], locks=call.body["target"], is_operator=call.context.is_operator)
        if held_by != row["locked_by"]:
            servers.set_columns(conn, server_id, locked_by=held_by)

    call.services.db.transact(work)
