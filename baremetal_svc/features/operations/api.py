# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of operations."""

from collections.abc import Mapping
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.operations import policy, schema, service

_ONE = "/v1/operations/{operation_id}"


class Step(views.View):
    """One step: pending, running, done, failed, undoing or undone; ``estimate``: seconds, null where the past tells nothing."""

    name = wtypes.text
    state = wtypes.text
    attempts = int
    started_at = wtypes.text
    ended_at = wtypes.text
    seq = int
    estimate = views.Attribute(float, since=3)


class Operation(views.View):
    """What was asked and how far it is; ``seq`` grows with every event, for the long poll; ``faults`` for operators only.

    ``placement``: why too few nodes fitted and what would fit instead ("explanation"); for operators also other pools that have enough
    ("other_pools"), the pool that the node came from ("pool") and the order in which nodes were taken ("weighers").
    """

    uuid = wtypes.text
    kind = wtypes.text
    target_uuid = wtypes.text
    project_id = wtypes.text
    state = wtypes.text
    reason = wtypes.text
    error = views.Json({"type": ["object", "null"]})
    seq = int
    attempts = int
    cancel_requested = bool
    request_id = wtypes.text
    created_at = wtypes.text
    updated_at = wtypes.text
    ended_at = wtypes.text
    deadline_at = wtypes.text
    placement = views.Attribute(views.Json({"type": ["object", "null"]}), since=5)
    steps = views.Attribute([Step], always=False)
    faults = views.Attribute(views.Json({"type": "array", "items": {"type": "object"}}), always=False)
    links = [views.Link]


def index(call: Call) -> Answer:
    """GET /v1/operations."""
    rows = service.page(call, views.limit(call))
    return Answer(200, views.page(call, "operations", [_view(call, row) for row in rows], rows[-1]["id"] if rows else None))


def show(call: Call, operation_id: str) -> Answer:
    """GET /v1/operations/{operation_id}[?wait=SECONDS&after=SEQ]."""
    shown = service.show(call, operation_id)
    values = _single(call, shown)
    if call.context.is_operator:
        values["faults"] = [{"code": fault["code"], "message": fault["message"]} for fault in shown.faults]
    return Answer(200, views.single(Operation, values))


def cancel(call: Call, operation_id: str) -> Answer:
    """DELETE /v1/operations/{operation_id}: 202 with the operation, which stops before its next step and undoes what it did."""
    values = _single(call, service.cancel(call, operation_id))
    return Answer(202, views.single(Operation, values), {"Location": f"{call.base}/v1/operations/{operation_id}"})


def _view(call: Call, row: Row) -> dict[str, Any]:
    values = {
        "uuid": row["id"],
        "target_uuid": row["target_id"],
        **{name: row[name] for name in ("kind", "project_id", "state", "seq", "attempts", "request_id")},
        "reason": views.told(call, row["reason"]),
        "error": views.failure(call, row["error"]),
        "cancel_requested": bool(row["cancel_requested"]),
        **{name: views.moment(row[name]) for name in ("created_at", "updated_at", "ended_at", "deadline_at")},
    }
    if call.version >= 5:
        values["placement"] = _placement(call, row["placement"])
    return {**values, "links": views.links(call, "operations", row["id"])}


def _placement(call: Call, placement: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Where the node came from, for operators; why there was none, for everybody."""
    if placement is None:
        return None
    shown = {name: value for name, value in placement.items() if call.context.is_operator or name == "explanation"}
    if call.version < 6:
        shown = {name: value for name, value in shown.items() if name in ("explanation", "pool")}
        if "explanation" in shown:
            shown["explanation"] = {name: value for name, value in shown["explanation"].items() if not name.startswith("other_")}
    return shown


def _single(call: Call, shown: service.Shown) -> dict[str, Any]:
    return {**_view(call, shown.row), "steps": [_step(call, step, shown.estimates) for step in shown.steps]}


def _step(call: Call, row: Row, estimates: Mapping[str, float]) -> dict[str, Any]:
    # Most steps take less than a second.
    times = {name: views.moment(row[name], "milliseconds") for name in ("started_at", "ended_at")}
    estimate = {"estimate": estimates.get(row["name"])} if call.version >= 3 else {}
    return {**{name: row[name] for name in ("name", "state", "attempts", "seq")}, **times, **estimate}


ROUTES = [
    Route(
        "GET",
        "/v1/operations",
        index,
        policy.LIST,
        query=schema.LIST,
        since=2,
        answers={200: Page("operations", Operation)},
        refuses=(404,),
        leads={"operation_id": "$response.body#/operations/0/uuid"},
    ),
    Route("GET", _ONE, show, policy.SHOW, query=schema.SHOW, since=2, answers={200: Operation}),
    Route("DELETE", _ONE, cancel, policy.CANCEL, query={3: schema.EMPTY}, since=3, answers={202: Operation}, refuses=(409,)),
]
