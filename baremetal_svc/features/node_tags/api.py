# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of tags of nodes."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.features.node_tags import policy, schema, service

_TAGS = "/v1/nodes/{node_id}/tags"
_ONE = f"{_TAGS}/{{node_tag}}"
_QUERY = {5: schema.EMPTY}


class NodeTags(views.View):
    """The tags of a node, those that aggregates gave it among them."""

    tags = [wtypes.text]


class TagChange(views.View):
    """A tag that was ``added`` or ``removed``, by whom, in which request."""

    uuid = wtypes.text
    tag = wtypes.text
    change = wtypes.text
    user_id = wtypes.text
    request_id = wtypes.text
    at = wtypes.text


class BulkTagging(views.View):
    """How many nodes the filter selected, how many of them changed, how many moved between pools at once; a dry run only counts."""

    matched = int
    changed = int
    moved = int
    dry_run = bool


def index(call: Call, node_id: str) -> Answer:
    """GET /v1/nodes/{node_id}/tags."""
    return Answer(200, {"tags": service.index(call, node_id)})


def replace(call: Call, node_id: str) -> Answer:
    """PUT /v1/nodes/{node_id}/tags: 200 with the tags; those that aggregates give stay."""
    return Answer(200, {"tags": service.replace(call, node_id)})


def clear(call: Call, node_id: str) -> Answer:
    """DELETE /v1/nodes/{node_id}/tags: 204; those that aggregates give stay."""
    service.clear(call, node_id)
    return Answer(204)


def check(call: Call, node_id: str, node_tag: str) -> Answer:
    """GET /v1/nodes/{node_id}/tags/{node_tag}: 204 when the node has it."""
    service.check(call, node_id, node_tag)
    return Answer(204)


def add(call: Call, node_id: str, node_tag: str) -> Answer:
    """PUT /v1/nodes/{node_id}/tags/{node_tag}: 204."""
    service.add(call, node_id, node_tag)
    return Answer(204)


def remove(call: Call, node_id: str, node_tag: str) -> Answer:
    """DELETE /v1/nodes/{node_id}/tags/{node_tag}: 204."""
    service.remove(call, node_id, node_tag)
    return Answer(204)


def history(call: Call, node_id: str) -> Answer:
    """GET /v1/nodes/{node_id}/tags/history: newest first, until it is purged."""
    rows = service.history(call, node_id, views.limit(call))
    items: list[dict[str, Any]] = [
        {
            "uuid": row["id"],
            "tag": row["tag"],
            "change": row["made"],
            "user_id": row["user_id"],
            "request_id": row["request_id"],
            "at": views.moment(row["made_at"]),
        }
        for row in rows
    ]
    return Answer(200, views.page(call, "changes", items, rows[-1]["id"] if rows else None))


def bulk(call: Call) -> Answer:
    """POST /v1/nodes/tags: all nodes that the filter selects, or none; 200 with the counts."""
    return Answer(200, service.bulk(call))


ROUTES = [
    Route("POST", "/v1/nodes/tags", bulk, policy.BULK, body=schema.BULK, query=_QUERY, since=5, answers={200: BulkTagging}, refuses=(409,)),
    Route("GET", _TAGS, index, policy.LIST, query=_QUERY, since=5, answers={200: NodeTags}),
    Route("PUT", _TAGS, replace, policy.UPDATE, body=schema.REPLACE, query=_QUERY, since=5, answers={200: NodeTags}),
    Route("DELETE", _TAGS, clear, policy.UPDATE, query=_QUERY, since=5, answers={204: None}),
    # Before the tags themselves: none of them can be asked for by this name.
    Route("GET", f"{_TAGS}/history", history, policy.LIST, query=schema.HISTORY, since=5, answers={200: Page("changes", TagChange)}),
    Route("GET", _ONE, check, policy.LIST, query=_QUERY, since=5, answers={204: None}),
    Route("PUT", _ONE, add, policy.UPDATE, query=_QUERY, since=5, answers={204: None}, leads={"node_tag": "$request.path.node_tag"}),
    Route("DELETE", _ONE, remove, policy.UPDATE, query=_QUERY, since=5, answers={204: None}, refuses=(409,)),
]
