# SPDX-License-Identifier: Apache-2.0
"""Controllers of tags."""

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.features.tags import policy, schema, service

_TAGS = "/v1/servers/{server_id}/tags"
_QUERY = {3: schema.EMPTY}


class Tags(views.View):
    """The tags of a server."""

    tags = [wtypes.text]


def index(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}/tags."""
    return Answer(200, {"tags": service.page(call, server_id)})


def replace(call: Call, server_id: str) -> Answer:
    """PUT /v1/servers/{server_id}/tags: 200 with the tags."""
    return Answer(200, {"tags": service.replace(call, server_id)})


def clear(call: Call, server_id: str) -> Answer:
    """DELETE /v1/servers/{server_id}/tags: 204."""
    service.clear(call, server_id)
    return Answer(204)


def check(call: Call, server_id: str, tag: str) -> Answer:
    """GET /v1/servers/{server_id}/tags/{tag}: 204 when the server has it."""
    service.check(call, server_id, tag)
    return Answer(204)


def add(call: Call, server_id: str, tag: str) -> Answer:
    """PUT /v1/servers/{server_id}/tags/{tag}: 204."""
    service.add(call, server_id, tag)
    return Answer(204)


def remove(call: Call, server_id: str, tag: str) -> Answer:
    """DELETE /v1/servers/{server_id}/tags/{tag}: 204."""
    service.remove(call, server_id, tag)
    return Answer(204)


ROUTES = [
    Route("GET", _TAGS, index, policy.LIST, query=_QUERY, since=3, answers={200: Tags}),
    Route("PUT", _TAGS, replace, policy.UPDATE, body=schema.REPLACE, query=_QUERY, since=3, answers={200: Tags}, refuses=(409,)),
    Route("DELETE", _TAGS, clear, policy.UPDATE, query=_QUERY, since=3, answers={204: None}, refuses=(409,)),
    Route("GET", f"{_TAGS}/{{tag}}", check, policy.LIST, query=_QUERY, since=3, answers={204: None}),
    Route(
        "PUT",
        f"{_TAGS}/{{tag}}",
        add,
        policy.UPDATE,
        query=_QUERY,
        since=3,
        answers={204: None},
        refuses=(409,),
        leads={"tag": "$request.path.tag"},
    ),
    Route("DELETE", f"{_TAGS}/{{tag}}", remove, policy.UPDATE, query=_QUERY, since=3, answers={204: None}, refuses=(409,)),
]
