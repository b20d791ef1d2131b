# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of adoption."""

from dataclasses import asdict
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import server_view, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import STARTED, Page
from baremetal_svc.features.adoption import policy, schema, service


class ManageableServer(views.View):
    """A machine that could be adopted."""

    uuid = wtypes.text
    name = wtypes.text
    resource_class = wtypes.text
    power_state = wtypes.text
    provision_state = wtypes.text
    ports = views.json_type
    portgroups = views.json_type
    image_source = wtypes.text


def index(call: Call) -> Answer:
    """GET /v1/manageable_servers."""
    return Answer(200, {"manageable_servers": [_view(asdict(found)) for found in service.page(call)]})


def adopt(call: Call) -> Answer:
    """POST /v1/manageable_servers: 201 with the server, which is building until its operation has ended."""
    shown, operation_id = service.adopt(call)
    headers = {"Location": f"{call.base}/v1/servers/{shown['id']}"}
    if operation_id is not None:
        headers["Link"] = f'<{call.base}/v1/operations/{operation_id}>; rel="operation"'
    return Answer(201, server_view.single(call, shown), headers)


def release(call: Call, server_id: str) -> Answer:
    """DELETE /v1/manageable_servers/{server_id}: 204 at once, the operation in Location; the machine runs on."""
    return Answer(204, None, views.started(call, service.release(call, server_id), server_id))


def _view(found: dict[str, Any]) -> dict[str, Any]:
    return {"uuid": found.pop("id"), **found}


ROUTES = [
    Route("GET", "/v1/manageable_servers", index, policy.LIST, answers={200: Page("manageable_servers", ManageableServer)}),
    Route(
        "POST",
        "/v1/manageable_servers",
        adopt,
        policy.ADOPT,
        body=schema.ADOPT,
        answers={201: server_view.Server},
        refuses=(404, 409),
        leads={"server_id": "$response.body#/uuid"},
    ),
    Route(
        "DELETE",
        "/v1/manageable_servers/{server_id}",
        release,
        policy.RELEASE,
        query={3: schema.EMPTY},
        since=3,
        answers={204: STARTED},
        refuses=(409,),
    ),
]
