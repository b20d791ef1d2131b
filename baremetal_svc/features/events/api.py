# SPDX-License-Identifier: Apache-2.0
"""The controller and view of events."""

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.features.events import policy, rules, schema, service


class Event(views.View):
    """One event; ``error`` {"code", "message", "hint", "step"} of what ended badly."""

    event = wtypes.text
    operation_uuid = wtypes.text
    request_id = wtypes.text
    user_id = wtypes.text
    at = wtypes.text
    error = views.Json({"type": ["object", "null"]})


def index(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}/events: newest first; limit and marker count operations, each of which has one or two events."""
    rows = service.page(call, server_id, views.limit(call))
    items = [
        {
            "event": name,
            "operation_uuid": row["id"],
            "request_id": row["request_id"],
            "user_id": row["user_id"],
            "at": views.moment(at, "milliseconds"),
            "error": views.failure(call, error),
        }
        for row in rows
        for name, at, error in rules.events_of(row)
    ]
    return Answer(200, views.page(call, "events", items, rows[-1]["id"] if rows else None, count=len(rows)))


ROUTES = [
    Route("GET", "/v1/servers/{server_id}/events", index, policy.LIST, query=schema.LIST, since=3, answers={200: Page("events", Event)}),
]
