# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of reservations."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import editing, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.api.validation import closed
from baremetal_svc.features.reservations import policy, rules, schema, service

_ALL = "/v1/reservations"
_ONE = f"{_ALL}/{{reservation_id}}"
_NODES = views.Json({"type": "array", "items": closed({"uuid": {"type": "string"}, "name": {"type": "string"}}, ["uuid", "name"])})


class Reservation(views.View):
    """``count`` machines until a time: ``in_use`` have a server, ``ready`` could get one now; the rest is being cleaned, or lost.

    ``status`` is active or ended; ``nodes`` are shown to operators, and of one reservation only.
    """

    uuid = wtypes.text
    name = wtypes.text
    project_id = wtypes.text
    user_id = wtypes.text
    flavor_uuid = wtypes.text
    availability_zone = wtypes.text
    status = wtypes.text
    count = int
    in_use = int
    ready = int
    until = wtypes.text
    ended_at = wtypes.text
    created_at = wtypes.text
    nodes = _NODES
    links = [views.Link]


def create(call: Call) -> Answer:
    """POST /v1/reservations: 201; all of the machines, or none."""
    found = service.create(call)
    return _one(call, found, 201, {"Location": f"{call.base}{_ALL}/{found.row['id']}"})


def index(call: Call) -> Answer:
    """GET /v1/reservations."""
    found = service.page(call, views.limit(call))
    last = found[-1].row["id"] if found else None
    return Answer(200, views.page(call, "reservations", [_view(call, one) for one in found], last))


def show(call: Call, reservation_id: str) -> Answer:
    """GET /v1/reservations/{reservation_id}."""
    return _one(call, service.show(call, reservation_id))


def update(call: Call, reservation_id: str) -> Answer:
    """PATCH /v1/reservations/{reservation_id}: another name or end."""
    return _one(call, service.update(call, reservation_id))


def delete(call: Call, reservation_id: str) -> Answer:
    """DELETE /v1/reservations/{reservation_id}: 204; it ends now, its servers stay."""
    service.delete(call, reservation_id)
    return Answer(204)


def _one(call: Call, found: service.Found, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    tag = {"ETag": editing.etag(rules.editable(found.row))}
    return Answer(status, views.single(Reservation, _view(call, found)), {**(headers or {}), **tag})


def _view(call: Call, found: service.Found) -> dict[str, Any]:
    row = found.row
    return {
        "uuid": row["id"],
        **{name: row[name] for name in ("name", "project_id", "user_id", "availability_zone", "count")},
        "flavor_uuid": row["flavor_id"],
        "status": "active" if row["live"] else "ended",
        **{name: found.counts[name] for name in ("in_use", "ready")},
        **{name: views.moment(row[name]) for name in ("until", "ended_at", "created_at")},
        "nodes": found.nodes,
        "links": views.links(call, "reservations", row["id"]),
    }


ROUTES = [
    Route(
        "POST",
        _ALL,
        create,
        policy.CREATE,
        body=schema.CREATE,
        since=6,
        answers={201: Reservation},
        refuses=(404, 409),
        leads={"reservation_id": "$response.body#/uuid"},
    ),
    Route(
        "GET",
        _ALL,
        index,
        policy.LIST,
        query=schema.LIST,
        since=6,
        answers={200: Page("reservations", Reservation)},
        refuses=(404,),
        leads={"reservation_id": "$response.body#/reservations/0/uuid"},
    ),
    Route("GET", _ONE, show, policy.SHOW, since=6, answers={200: Reservation}),
    Route("PATCH", _ONE, update, policy.UPDATE, body=schema.UPDATE, since=6, answers={200: Reservation}, refuses=(409, 412)),
    Route("DELETE", _ONE, delete, policy.DELETE, since=6, answers={204: None}),
]
