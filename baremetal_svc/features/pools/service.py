# SPDX-License-Identifier: Apache-2.0
"""The use cases of pools: a new pool's members and offers are there when the request is answered."""

import uuid

from sqlalchemy import Connection

from baremetal_svc.api import idempotency
from baremetal_svc.api.call import Call
from baremetal_svc.db import pools
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import existing
from baremetal_svc.scheduler import offers


def create(call: Call) -> tuple[Row, int]:
    """Create a pool; its row and the number of its members. :raises Conflict: the name is taken."""
    asked = call.body
    pool_id = str(uuid.uuid4())

    def make(conn: Connection) -> Row:
        values = {"id": pool_id, "name": asked["name"], "description": asked.get("description", "")}
        pools.insert(conn, {**values, "all_of": asked.get("all", []), "any_of": asked.get("any", []), "none_of": asked.get("none", [])})
        offers.recompute_all(conn)
        return existing(pools.get(conn, pool_id), "pool", pool_id)

    row, _ = idempotency.once(call, pools.get, make, f"A pool named {asked['name']!r} exists.")
    return row, call.services.db.query(lambda conn: pools.member_counts(conn, [row["id"]])).get(row["id"], 0)


def page(call: Call, limit: int) -> tuple[list[Row], dict[str, int]]:
    """Pools and the number of members of each. :raises NotFound: the marker."""

    def work(conn: Connection) -> tuple[list[Row], dict[str, int]]:
        marker = call.query.get("marker")
        if marker is not None:
            existing(pools.get(conn, marker), "pool", marker)
        rows = pools.page(conn, limit=limit, marker=marker)
        return rows, pools.member_counts(conn, [row["id"] for row in rows])

    return call.services.db.query(work)
