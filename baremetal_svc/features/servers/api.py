# SPDX-License-Identifier: Apache-2.0
"""Controllers of servers; their view is api.server_view, since adoption shows servers too."""

from collections.abc import Sequence

from baremetal_svc.api import editing, server_view, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.server_view import Server
from baremetal_svc.api.shapes import STARTED, Page, Partial
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Invalid
from baremetal_svc.features.servers import policy, rules, schema, service

_ONE = "/v1/servers/{server_id}"
_SUMMARY = ("uuid", "name", "description", "status", "power_state", "links")


def create(call: Call) -> Answer:
    """POST /v1/servers: 201 with the first server; its operation in the Link header."""
    server, operation_id = service.create(call)
    headers = {"Location": f"{call.base}/v1/servers/{server['id']}"}
    if operation_id is not None:
        headers["Link"] = f'<{call.base}/v1/operations/{operation_id}>; rel="operation"'
    return Answer(201, server_view.single(call, server), headers)


def index(call: Call) -> Answer:
    """GET /v1/servers."""
    return _page(call, _chosen(call) or _SUMMARY)


def detail(call: Call) -> Answer:
    """GET /v1/servers/detail."""
    return _page(call, server_view.fields(call.version))


def show(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}."""
    shown = service.show(call, server_id)
    values = server_view.single(call, shown)
    chosen = _chosen(call)
    return Answer(200, {name: values[name] for name in (*chosen, "links")} if chosen else values, _etag(shown))


def update(call: Call, server_id: str) -> Answer:
    """PATCH /v1/servers/{server_id}: 200 with the server."""
    shown = service.update(call, server_id)
    return Answer(200, server_view.single(call, shown), _etag(shown))


def delete(call: Call, server_id: str) -> Answer:
    """DELETE /v1/servers/{server_id}: 204 at once, the operation in Location."""
    return Answer(204, None, views.started(call, service.delete(call, server_id), server_id))


def _page(call: Call, names: Sequence[str]) -> Answer:
    found = service.page(call, views.limit(call))
    items = [server_view.chosen(call, row, names) for row in found]
    return Answer(200, views.page(call, "servers", items, found[-1]["id"] if found else None))


def _etag(row: Row) -> dict[str, str]:
    return {"ETag": editing.etag(rules.editable(row))}


def _chosen(call: Call) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(call.query["fields"].split(","))) if "fields" in call.query else ()
    known = server_view.fields(call.version)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise Invalid(f"There is no field {unknown[0]!r}.", hint=f"Fields are: {', '.join(known)}.")
    return chosen


ROUTES = [
    Route(
        "POST",
        "/v1/servers",
        create,
        policy.CREATE,
        body=schema.CREATE,
        answers={201: Server},
        refuses=(404, 409),
        leads={"server_id": "$response.body#/uuid"},
    ),
    Route(
        "GET",
        "/v1/servers",
        index,
        policy.LIST,
        query=schema.LIST,
        answers={200: Page("servers", Server, partial=True)},
        refuses=(404,),
        leads={"server_id": "$response.body#/servers/0/uuid"},
    ),
    Route(
        "GET",
        "/v1/servers/detail",
        detail,
        policy.LIST,
        query=schema.DETAIL,
        answers={200: Page("servers", Server)},
        refuses=(404,),
        leads={"server_id": "$response.body#/servers/0/uuid"},
    ),
    Route("GET", _ONE, show, policy.SHOW, query=schema.SHOW, answers={200: Partial(Server)}),
    Route("PATCH", _ONE, update, policy.UPDATE, body=schema.UPDATE, answers={200: Server}, refuses=(409,)),
    Route("DELETE", _ONE, delete, policy.DELETE, answers={204: STARTED}, refuses=(409,)),
]
