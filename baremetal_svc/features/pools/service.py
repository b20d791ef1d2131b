# SPDX-License-Identifier: Apache-2.0
"""The use cases of pools. Few machines are members and on offer when the request is answered; of many a conductor rebuilds the pool."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.api import editing, idempotency, validation
from baremetal_svc.api.call import Call
from baremetal_svc.db import faults, flavors, pools, quotas, reservations
from baremetal_svc.db.rows import Row
from baremetal_svc.domain import quota
from baremetal_svc.domain.errors import Conflict, existing
from baremetal_svc.features.pools import rules, schema
from baremetal_svc.scheduler import rebuild


@dataclass(frozen=True, slots=True)
class Found:
    """Pools and the number of members of each."""

    rows: list[Row]
    counts: Mapping[str, int] = field(default_factory=dict)


def create(call: Call) -> Found:
    """Create a pool. :raises Conflict: the name is taken."""
    asked = call.body
    values = {"id": str(uuid.uuid4()), "name": asked["name"], "description": asked.get("description", "")}
    values |= {
        "projects": asked.get("projects"),
        **rules.noted(asked),
        **{column: asked.get(name, []) for name, column in rules.EXPRESSION.items()},
    }

    def make(conn: Connection) -> Row:
        pools.insert(conn, values)
        rebuild.begin(conn, values["id"])
        return existing(pools.get(conn, values["id"]), "pool", values["id"])

    row, _ = idempotency.once(call, pools.get, make, f"A pool named {asked['name']!r} exists.")
    return call.services.db.query(lambda conn: _found(conn, [row]))


def page(call: Call, limit: int) -> Found:
    """A page of pools. :raises NotFound: the marker."""

    def work(conn: Connection) -> Found:
        marker = call.query.get("marker")
        if marker is not None:
            existing(pools.get(conn, marker), "pool", marker)
        return _found(conn, pools.page(conn, limit=limit, marker=marker))

    return call.services.db.query(work)


def show(call: Call, pool_id: str) -> Found:
    """One pool. :raises NotFound:"""
    return call.services.db.query(lambda conn: _found(conn, [existing(pools.get(conn, pool_id), "pool", pool_id)]))


def update(call: Call, pool_id: str) -> Found:
    """Edit a pool; its free nodes leave and others join.

    :raises NotFound: :raises PreconditionFailed: :raises Conflict: the name is taken. :raises Invalid:
    """

    def work(conn: Connection) -> Found:
        row = existing(pools.get(conn, pool_id, lock=True), "pool", pool_id)
        document = rules.editable(row, call.version)
        editing.check_match(call.if_match, document)
        edited = editing.edited(document, call.body, validation.pick(schema.EDITED, call.version))
        done = rules.columns(edited, call.version)
        pools.set_columns(conn, pool_id, **done)
        if rules.has_other_members(row, done):
            rebuild.begin(conn, pool_id)
        return _found(conn, [existing(pools.get(conn, pool_id), "pool", pool_id)])

    try:
        return call.services.db.transact(work)
    except DBDuplicateEntry as error:
        raise Conflict("A pool of that name exists.", hint="Choose another name.") from error


def delete(call: Call, pool_id: str) -> None:
    """Delete a pool that no flavor draws on, nor a reservation. :raises NotFound: :raises Conflict:"""

    def work(conn: Connection) -> None:
        existing(pools.get(conn, pool_id, lock=True), "pool", pool_id)
        if pool_id == pools.DEFAULT_ID:
            raise Conflict("Flavors that name no pool draw on this one.", hint="Give flavors pools of their own; this one stays.")
        rules.check_unused(pool_id, flavors.drawing_on(conn, pool_id, rules.NAMED + 1))
        if reservations.out_of(conn, pool_id):
            raise Conflict(
                f"Machines of pool {pool_id} are reserved.", hint="End the reservations first: GET /v1/reservations?all_tenants=true."
            )
        faults.clear(conn, pool_id)
        quotas.forget(conn, quota.of_pool(pool_id))
        pools.forget(conn, pool_id)

    call.services.db.transact(work)


def overlaps(call: Call, pool_id: str, limit: int) -> list[Row]:
    """Pools that share members with this one. :raises NotFound: the pool or the marker."""
    marker = call.query.get("marker")

    def work(conn: Connection) -> list[Row]:
        for name in (pool_id, marker):
            if name is not None:
                existing(pools.get(conn, name), "pool", name)
        return pools.overlaps(conn, pool_id, limit=limit, marker=marker)

    return call.services.db.query(work)


def _found(conn: Connection, rows: list[Row]) -> Found:
    return Found(rows, pools.member_counts(conn, [row["id"] for row in rows]))
