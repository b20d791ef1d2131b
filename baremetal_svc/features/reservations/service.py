# SPDX-License-Identifier: Apache-2.0
"""The use cases of reservations: all of the machines are bound in the transaction that makes one, or it is not made."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api import editing, idempotency, placement, quota
from baremetal_svc.api.call import Call
from baremetal_svc.db import flavors, nodes, reservations
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, TooFewFree, existing
from baremetal_svc.domain.quota import RESERVED_NODES
from baremetal_svc.domain.reservation import end_of
from baremetal_svc.domain.scheduling import Explanation, wanted_tags
from baremetal_svc.domain.setup import Setup
from baremetal_svc.features.reservations import rules, schema
from baremetal_svc.scheduler import reserving
from baremetal_svc.scheduler.alternatives import Asked
from baremetal_svc.scheduler.explanation import rehearse


@dataclass(frozen=True, slots=True)
class Found:
    """A reservation with "live", its counts, and its nodes for operators."""

    row: Row
    counts: Mapping[str, int]
    nodes: list[dict[str, str]]


def create(call: Call) -> Found:
    """Reserve machines.

    :raises NotFound: flavor or zone. :raises Conflict: the flavor is disabled. :raises Forbidden: no pool of it is open.
    :raises Invalid: the end. :raises OverQuota: :raises TooFewFree: with what would fit instead.
    """
    replayed = idempotency.replay(call, reservations.get)
    if replayed is not None:
        return show(call, replayed["id"])
    values, limits = call.services.db.query(lambda conn: _values(conn, call)), quota.ask(call)

    def make(conn: Connection) -> Row:
        count = values["count"]
        limits.grant(conn, (RESERVED_NODES,), count, count)
        pool_ids, _ = limits.draw(conn, values["wanted"]["pool_ids"], count, count)
        # Behind the lock of the quota, as a create: a reservation does not outlive its flavor, whose deletion locks it.
        existing(flavors.keep(conn, values["flavor_id"]), "flavor", values["flavor_id"])
        reservations.insert(conn, {**values, "wanted": {**values["wanted"], "pool_ids": pool_ids}})
        row = existing(reservations.get(conn, values["id"]), "reservation", values["id"])
        if not reserving.bind(conn, row, count, least=count, skips_locked=call.services.db.skips_locked):
            # Why is found out when this transaction, with its locks, is over.
            raise TooFewFree("Too few machines are free.")
        return row

    try:
        row, _ = idempotency.once(call, reservations.get, make, "The reservation could not be written.")
    except TooFewFree as error:
        raise rules.refusal(call.services.db.query(lambda conn: _why(conn, call, values, limits))) from error
    return show(call, row["id"])


def _values(conn: Connection, call: Call) -> dict[str, Any]:
    asked = call.body
    flavor = placement.usable_flavor(conn, call, asked["flavor_uuid"].lower())
    zone = asked.get("availability_zone") or call.services.conf.api.default_availability_zone
    placement.check_zone(conn, zone)
    until = end_of(asked["until"], nodes.database_time(conn), call.services.conf.scheduler.longest_reservation)
    wanted = {
        "pool_ids": placement.open_pools(conn, call, flavor),
        "tags": wanted_tags(zone, flavor["resource_aggregates"]),
        "setup": Setup.of_flavor(flavor).document(),
    }
    return {
        "id": str(uuid.uuid4()),
        "project_id": str(call.context.project_id),
        "user_id": call.context.user_id or "",
        "name": asked["name"],
        "flavor_id": flavor["id"],
        "resource_class": flavor["resource_class"],
        "availability_zone": zone,
        "wanted": wanted,
        "count": asked["count"],
        "until": until,
    }


def _why(conn: Connection, call: Call, values: Mapping[str, Any], limits: quota.Quota) -> Explanation:
    count, request = values["count"], reserving.request_of(values)
    # Of the pools those that were looked at: others have too little left of their quota.
    request = replace(request, pool_ids=limits.drawable(conn, request.pool_ids, 0, count)[0])
    asked = Asked(request, None, [], values["availability_zone"], values["flavor_id"], values["project_id"])
    return rehearse(conn, asked, wanted=count, least=count, pools_too=False)


def page(call: Call, limit: int) -> list[Found]:
    """A page of reservations, by id: two queries whatever the limit. :raises NotFound: the marker."""
    everybody = call.context.is_operator and str(call.query.get("all_tenants", "")).lower() in ("true", "1")
    project, marker, status = None if everybody else call.context.project_id, call.query.get("marker"), call.query.get("status")

    def work(conn: Connection) -> list[Found]:
        if marker is not None:
            existing(reservations.get(conn, marker, project), "reservation", marker)
        live = None if status is None else status == "active"
        rows = reservations.page(conn, project_id=project, live=live, limit=limit, marker=marker)
        counts = reservations.counts(conn, [row["id"] for row in rows])
        return [Found(row, counts[row["id"]], []) for row in rows]

    return call.services.db.query(work)


def show(call: Call, reservation_id: str) -> Found:
    """One reservation. :raises NotFound: unknown or foreign."""
    return call.services.db.query(lambda conn: _found(conn, call, reservation_id))


def update(call: Call, reservation_id: str) -> Found:
    """Another name or end. :raises NotFound: :raises PreconditionFailed: :raises Invalid: :raises Conflict: it is over."""

    def work(conn: Connection) -> Found:
        row = existing(reservations.get(conn, reservation_id, call.visible_project, lock=True), "reservation", reservation_id)
        document = rules.editable(row)
        editing.check_match(call.if_match, document)
        done = editing.edited(document, call.body, schema.EDITED)
        if not row["live"]:
            raise Conflict(f"Reservation {reservation_id} is over.", hint="Make another one.")
        if done["until"] != document["until"]:
            longest = call.services.conf.scheduler.longest_reservation
            reservations.set_columns(conn, reservation_id, until=end_of(done["until"], nodes.database_time(conn), longest))
        reservations.set_columns(conn, reservation_id, name=done["name"])
        return _found(conn, call, reservation_id)

    return call.services.db.transact(work)


def delete(call: Call, reservation_id: str) -> None:
    """End it now; again is a no-op. Its servers stay. :raises NotFound: unknown or foreign."""

    def work(conn: Connection) -> None:
        existing(reservations.get(conn, reservation_id, call.visible_project), "reservation", reservation_id)
        reserving.release(conn, reservation_id)

    call.services.db.transact(work)


def _found(conn: Connection, call: Call, reservation_id: str) -> Found:
    row = existing(reservations.get(conn, reservation_id, call.visible_project), "reservation", reservation_id)
    named = reservations.names_of_nodes(conn, reservation_id) if call.context.is_operator else []
    return Found(row, reservations.counts(conn, [reservation_id])[reservation_id], named)
