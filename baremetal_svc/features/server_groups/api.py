# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of server groups."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.features.server_groups import policy, schema, service


class ServerGroup(views.View):
    """A group; ``members`` are ids of servers, ``policies`` has one."""

    uuid = wtypes.text
    name = wtypes.text
    user_id = wtypes.text
    project_id = wtypes.text
    policies = [wtypes.text]
    members = [wtypes.text]
    level = views.Attribute(wtypes.text, since=5)
    max_per_domain = views.Attribute(int, since=5)
    created_at = wtypes.text
    updated_at = wtypes.text
    links = [views.Link]


def create(call: Call) -> Answer:
    """POST /v1/server_groups: 201."""
    found = service.create(call)
    location = {"Location": f"{call.base}/v1/server_groups/{found[0]['id']}"}
    return Answer(201, views.single(ServerGroup, _view(call, found)), location)


def index(call: Call) -> Answer:
    """GET /v1/server_groups."""
    found = service.page(call, views.limit(call))
    last = found[-1][0]["id"] if found else None
    return Answer(200, views.page(call, "server_groups", [_view(call, group) for group in found], last))


def show(call: Call, group_id: str) -> Answer:
    """GET /v1/server_groups/{group_id}."""
    return Answer(200, views.single(ServerGroup, _view(call, service.show(call, group_id))))


def delete(call: Call, group_id: str) -> Answer:
    """DELETE /v1/server_groups/{group_id}: 204."""
    service.delete(call, group_id)
    return Answer(204)


def _view(call: Call, found: service.Found) -> dict[str, Any]:
    row, members = found
    return {
        "uuid": row["id"],
        **{name: row[name] for name in ("name", "user_id", "project_id")},
        "policies": [row["policy"]],
        **{name: row[name] for name in ("level", "max_per_domain") if call.version >= 5},
        "members": members,
        "created_at": views.moment(row["created_at"]),
        "updated_at": None,
        "links": views.links(call, "server_groups", row["id"]),
    }


ROUTES = [
    Route(
        "POST",
        "/v1/server_groups",
        create,
        policy.CREATE,
        body=schema.CREATE,
        answers={201: ServerGroup},
        refuses=(409,),
        leads={"group_id": "$response.body#/uuid"},
    ),
    Route(
        "GET",
        "/v1/server_groups",
        index,
        policy.LIST,
        query=schema.LIST,
        answers={200: Page("server_groups", ServerGroup)},
        refuses=(404,),
        leads={"group_id": "$response.body#/server_groups/0/uuid"},
    ),
    Route("GET", "/v1/server_groups/{group_id}", show, policy.SHOW, answers={200: ServerGroup}),
    Route("DELETE", "/v1/server_groups/{group_id}", delete, policy.DELETE, answers={204: None}),
]
