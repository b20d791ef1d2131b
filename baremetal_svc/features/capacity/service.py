# SPDX-License-Identifier: Apache-2.0
"""The use cases of capacity: all of them read, and look at few rows, but for a pool that nobody has counted yet."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api import placement, quota
from baremetal_svc.api.call import Call
from baremetal_svc.db import capacity, flavors, groups, nodes, pools
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.capacity import HOUR, Stock
from baremetal_svc.domain.errors import Invalid, NotFound, existing
from baremetal_svc.domain.forecast import Forecast, forecast
from baremetal_svc.domain.scheduling import wanted_tags
from baremetal_svc.domain.setup import Setup
from baremetal_svc.domain.spread import Rule
from baremetal_svc.features.capacity import rules
from baremetal_svc.features.capacity.rules import Bound
from baremetal_svc.scheduler import capacity as counting
from baremetal_svc.scheduler.claim import Request, look

#: Flavors of one pool that an answer tells of.
FLAVORS = 100
#: Weeks of which a forecast is made unless the request says so.
WEEKS = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """A pool for operators: as it was counted, and what is on offer right now by resource class."""

    pool: Row
    flavors: Sequence[Row]
    stock: Stock
    as_of: float
    low: bool
    on_offer: dict[str, int] = field(default_factory=dict)


def of_pool(call: Call, pool_id: str) -> Shown:
    """What the nodes of a pool are doing, for operators. :raises NotFound:"""

    def work(conn: Connection) -> Shown:
        pool = existing(pools.get(conn, pool_id), "pool", pool_id)
        drawing, offered = flavors.out_of(conn, pool_id, usable_by=None, limit=FLAVORS), capacity.on_offer(conn, pool_id)
        last = capacity.last(conn, pool_id)
        if last is None:
            stock, as_of = counting.count(conn, pool_id, call.services.conf.scheduler.capacity_depth)
            return Shown(pool, drawing, stock, as_of, False, offered)
        return Shown(pool, drawing, Stock(last["classes"], last["domains"]), last["as_of"], last["low"], offered)

    return call.services.db.query(work)


def of_pool_for_tenants(call: Call, pool_id: str) -> list[tuple[Row, int]]:
    """The flavors that the caller's project may draw on the pool by, and how many servers of each it could get out of it now.

    :raises NotFound: no such pool, or it is not open to the project, or no flavor that the project may use draws on it.
    """
    project, most = str(call.context.project_id), call.services.conf.api.max_count
    limits = quota.ask(call)

    def work(conn: Connection) -> list[tuple[Row, int]]:
        found = flavors.out_of(conn, pool_id, usable_by=project, limit=FLAVORS) if pools.open_to(conn, [pool_id], project) else []
        if not found:
            raise NotFound(f"There is no pool {pool_id}.")
        zone = call.services.conf.api.default_availability_zone
        wanted = [
            Request([pool_id], flavor["resource_class"], wanted_tags(zone, flavor["resource_aggregates"]), setup=Setup.of_flavor(flavor))
            for flavor in found
        ]
        room, out_of_it = limits.room(conn, [flavor["id"] for flavor in found], most), limits.drawable(conn, [pool_id], 0, most)[1]
        offered = capacity.at_most(conn, [request.offers(pool_id) for request in wanted], most)
        return [(flavor, min(room[flavor["id"]], out_of_it, count)) for flavor, count in zip(found, offered, strict=True)]

    return call.services.db.query(work)


def history(call: Call, pool_id: str, limit: int) -> list[Row]:
    """Hours of a pool, newest first. :raises NotFound: :raises Invalid: a time is none."""
    query = call.query
    since = rules.hour_of(query["since"]) if "since" in query else rules.FIRST
    until = min(rules.hour_of(query[name]) if name in query else rules.LAST for name in ("until", "marker"))

    def work(conn: Connection) -> list[Row]:
        existing(pools.get(conn, pool_id), "pool", pool_id)
        return capacity.hours(conn, pool_id, since, until, limit)

    return call.services.db.query(work)


def forecast_of(call: Call, pool_id: str) -> tuple[Forecast, float]:
    """The trend of the last weeks, and the present in seconds since the epoch. :raises NotFound:"""
    weeks = call.query.get("weeks", WEEKS)

    def work(conn: Connection) -> tuple[Forecast, float]:
        existing(pools.get(conn, pool_id), "pool", pool_id)
        now = nodes.database_time(conn)
        since = int(now // HOUR) - weeks * 7 * 24
        return forecast(capacity.free_by_hour(conn, pool_id, since), now / HOUR), now

    return call.services.db.query(work)


def now(call: Call) -> tuple[int, Bound]:
    """How many servers were asked about, and how many the caller's project could have now: nothing is held for it.

    :raises NotFound: flavor, group or zone. :raises Invalid: more than one request may create.
    """
    most = call.services.conf.api.max_count
    count = call.query.get("count", most)
    if count > most:
        raise Invalid(f"count ({count}) is above what one request may create ({most}).")
    limits = quota.ask(call)
    return count, call.services.db.query(lambda conn: _now(conn, call, count, limits))


def _now(conn: Connection, call: Call, count: int, limits: quota.Quota) -> Bound:
    project = str(call.context.project_id)
    flavor = _flavor(conn, call, project)
    rule, places = _group(conn, call, project)
    request = Request(
        pools.open_to(conn, flavor["pools"] or [pools.DEFAULT_ID], project),
        flavor["resource_class"],
        wanted_tags(_zone(conn, call), flavor["resource_aggregates"]),
        setup=Setup.of_flavor(flavor),
    )
    if flavor["disabled"] or not request.pool_ids:
        return Bound(0, "flavor" if flavor["disabled"] else "pools")
    drawn, out_of_pools = limits.drawable(conn, request.pool_ids, 0, count, request.offers)
    request = replace(request, pool_ids=drawn)
    machines = len(look(conn, request, None, [], count))
    fitting = machines if rule is None else len(look(conn, request, rule, places, count))
    room = min(limits.room(conn, [flavor["id"]], count)[flavor["id"]], out_of_pools)
    return rules.bound(count, machines=machines, fitting=fitting, room=room)


def _flavor(conn: Connection, call: Call, project: str) -> Row:
    flavor_id = call.query["flavor"]
    found: Any = flavors.get(conn, flavor_id)
    visible = call.context.is_operator or (found and not found["disabled"] and flavors.usable(conn, found, project))
    return existing(found if visible else None, "flavor", flavor_id)


def _group(conn: Connection, call: Call, project: str) -> tuple[Rule | None, list[tuple[str, str]]]:
    group_id = call.query.get("group")
    if group_id is None:
        return None, []
    group = existing(groups.get(conn, group_id, project), "server group", group_id)
    return groups.rule_of(group), groups.places_of(conn, group_id)


def _zone(conn: Connection, call: Call) -> str | None:
    zone: str | None = call.query.get("availability_zone") or call.services.conf.api.default_availability_zone
    placement.check_zone(conn, zone)
    return zone
