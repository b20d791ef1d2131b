# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of capacity."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.domain import capacity
from baremetal_svc.domain.capacity import State
from baremetal_svc.domain.forecast import DAY
from baremetal_svc.features.capacity import policy, rules, schema, service
from baremetal_svc.features.capacity.service import Shown

_POOL = "/v1/pools/{pool_id}"
_NUMBER = {"type": "integer", "minimum": 0}
_NAMES = ["total", *(state.value for state in State)]
_COUNTS = views.Json({"type": "object", "properties": dict.fromkeys(_NAMES, _NUMBER), "required": _NAMES, "additionalProperties": False})
_FREE_BELOW = views.Json({"type": ["integer", "string", "null"]})


class ClassCapacity(views.View):
    """Nodes of a resource class, "" for those that have none; ``free_now`` was counted for this answer."""

    resource_class = wtypes.text
    nodes = _COUNTS
    free_now = int


class FlavorCapacity(views.View):
    """A flavor that draws on the pool. For operators: nodes of its resource class, the pool's place in its list; else what could be had."""

    flavor_uuid = wtypes.text
    name = wtypes.text
    available = views.Attribute(int, always=False)
    resource_class = views.Attribute(wtypes.text, always=False)
    preference = views.Attribute(int, always=False)
    nodes = views.Attribute(_COUNTS, always=False)
    free_now = views.Attribute(int, always=False)


class DomainCapacity(views.View):
    """Nodes that stand in a place, "" for those of which it is not known."""

    domain = wtypes.text
    nodes = _COUNTS


class PoolCapacity(views.View):
    """What the nodes of a pool were doing ``as_of`` that time, each in one state; ``free_now`` was counted for this answer.

    Everybody but operators gets ``uuid`` and ``flavors`` only. ``failure_domains`` are of the ``level``.
    """

    uuid = wtypes.text
    flavors = [FlavorCapacity]
    name = views.Attribute(wtypes.text, always=False)
    as_of = views.Attribute(wtypes.text, always=False)
    nodes = views.Attribute(_COUNTS, always=False)
    free_now = views.Attribute(int, always=False)
    free_below = views.Attribute(_FREE_BELOW, always=False)
    low = views.Attribute(bool, always=False)
    resource_classes = views.Attribute([ClassCapacity], always=False)
    level = views.Attribute(wtypes.text, always=False)
    failure_domains = views.Attribute([DomainCapacity], always=False)


class CapacityHour(views.View):
    """What the nodes of a pool were doing when they were first counted in the hour that begins ``at``."""

    at = wtypes.text
    nodes = _COUNTS


class PoolForecast(views.View):
    """The straight line through the free nodes of the last ``weeks``, hour by hour: ``points`` of them.

    ``per_day``: how many more are free from day to day; ``fit``: R squared. ``runs_out_on`` is null for the ``reason``.
    """

    uuid = wtypes.text
    weeks = int
    points = int
    per_day = float
    fit = float
    runs_out_on = views.Json({"type": ["string", "null"], "format": "date"})
    reason = wtypes.text


class Capacity(views.View):
    """How many of ``count`` servers the project could have now. ``bounded_by``: count, machines, group, quota, pools or flavor."""

    flavor_uuid = wtypes.text
    count = int
    available = int
    bounded_by = wtypes.text


def of_pool(call: Call, pool_id: str) -> Answer:
    """GET /v1/pools/{pool_id}/capacity: operators see all of it, others what they could get."""
    if call.context.is_operator:
        return Answer(200, _view(call, service.of_pool(call, pool_id)))
    found = service.of_pool_for_tenants(call, pool_id)
    items = [{"flavor_uuid": flavor["id"], "name": flavor["name"], "available": count} for flavor, count in found]
    return Answer(200, {"uuid": pool_id, "flavors": items})


def history(call: Call, pool_id: str) -> Answer:
    """GET /v1/pools/{pool_id}/capacity/history: newest first; since <= the hour < until."""
    rows = service.history(call, pool_id, views.limit(call))
    items = [{"at": views.moment(row["hour"] * capacity.HOUR), "nodes": capacity.full(row["states"])} for row in rows]
    return Answer(200, views.page(call, "hours", items, str(items[-1]["at"]) if items else None))


def forecast(call: Call, pool_id: str) -> Answer:
    """GET /v1/pools/{pool_id}/forecast."""
    found, now = service.forecast_of(call, pool_id)
    ends = None if found.hours_left is None else views.moment(now + found.hours_left * capacity.HOUR)
    values = {
        "uuid": pool_id,
        "weeks": call.query.get("weeks", service.WEEKS),
        "points": found.points,
        "per_day": None if found.line is None else round(found.line.slope * DAY, 3),
        "fit": None if found.line is None else round(found.line.fit, 3),
        "runs_out_on": None if ends is None else ends[:10],
        "reason": found.reason,
    }
    return Answer(200, values)


def now(call: Call) -> Answer:
    """GET /v1/capacity: nothing is held for whoever asks."""
    count, bound = service.now(call)
    return Answer(200, {"flavor_uuid": call.query["flavor"], "count": count, "available": bound.available, "bounded_by": bound.by})


def _view(call: Call, shown: Shown) -> dict[str, Any]:
    stock, levels = shown.stock, call.services.conf.scheduler.failure_domain_levels
    depth = call.services.conf.scheduler.capacity_depth
    below = shown.pool["free_below"]
    return {
        "uuid": shown.pool["id"],
        "flavors": [_flavor(shown, flavor) for flavor in shown.flavors],
        "name": shown.pool["name"],
        "as_of": views.moment(shown.as_of),
        "nodes": capacity.full(stock.states),
        "free_now": sum(shown.on_offer.values()),
        "free_below": int(below) if below is not None and below.isdigit() else below,
        "low": shown.low,
        "resource_classes": [{"resource_class": name, **_of_class(shown, name)} for name in sorted({*stock.classes, *shown.on_offer})],
        "level": levels[depth - 1] if depth <= len(levels) else None,
        "failure_domains": [{"domain": name, "nodes": capacity.full(counts)} for name, counts in sorted(stock.domains.items())],
    }


def _of_class(shown: Shown, name: str) -> dict[str, Any]:
    return {"nodes": capacity.full(shown.stock.classes.get(name, {})), "free_now": shown.on_offer.get(name, 0)}


def _flavor(shown: Shown, flavor: Row) -> dict[str, Any]:
    place = rules.preference(flavor, shown.pool["id"])
    named = {"flavor_uuid": flavor["id"], "name": flavor["name"], "resource_class": flavor["resource_class"], "preference": place}
    return {**named, **_of_class(shown, flavor["resource_class"])}


ROUTES = [
    Route("GET", f"{_POOL}/capacity", of_pool, policy.SHOW_POOL, query=schema.POOL, since=6, answers={200: PoolCapacity}),
    Route(
        "GET",
        f"{_POOL}/capacity/history",
        history,
        policy.SHOW_HISTORY,
        query=schema.HISTORY,
        since=6,
        answers={200: Page("hours", CapacityHour)},
    ),
    Route("GET", f"{_POOL}/forecast", forecast, policy.SHOW_HISTORY, query=schema.FORECAST, since=6, answers={200: PoolForecast}),
    Route("GET", "/v1/capacity", now, policy.SHOW, query=schema.NOW, since=6, answers={200: Capacity}, refuses=(404,)),
]
