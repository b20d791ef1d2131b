# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of aggregates and availability zones."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import editing, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.aggregates import policy, rules, schema, service

_ID = "aggregate_id"
_ALL = "/v1/aggregates"
_ONE = f"{_ALL}/{{{_ID}}}"
_NODES = f"{_ONE}/nodes"


class Aggregate(views.View):
    """An aggregate; its nodes are listed apart."""

    uuid = wtypes.text
    name = wtypes.text
    metadata = views.texts
    created_at = wtypes.text
    updated_at = wtypes.text
    links = [views.Link]


class Nodes(views.View):
    """Names of nodes."""

    nodes = [wtypes.text]


class Zones(views.View):
    """Names of availability zones."""

    availability_zones = [wtypes.text]


def create(call: Call) -> Answer:
    """POST /v1/aggregates: 201."""
    row = service.create(call)
    return Answer(201, views.single(Aggregate, _view(call, row)), {"Location": f"{call.base}/v1/aggregates/{row['id']}"})


def index(call: Call) -> Answer:
    """GET /v1/aggregates."""
    rows = service.page(call, views.limit(call))
    return Answer(200, views.page(call, "aggregates", [_view(call, row) for row in rows], rows[-1]["id"] if rows else None))


def show(call: Call, aggregate_id: str) -> Answer:
    """GET /v1/aggregates/{aggregate_id}."""
    return _single(call, service.show(call, aggregate_id))


def update(call: Call, aggregate_id: str) -> Answer:
    """PATCH /v1/aggregates/{aggregate_id}: 200 with the aggregate."""
    return _single(call, service.update(call, aggregate_id))


def delete(call: Call, aggregate_id: str) -> Answer:
    """DELETE /v1/aggregates/{aggregate_id}: 204."""
    service.delete(call, aggregate_id)
    return Answer(204)


def nodes(call: Call, aggregate_id: str) -> Answer:
    """GET /v1/aggregates/{aggregate_id}/nodes."""
    return Answer(200, {"nodes": service.node_names(call, aggregate_id)})


def add_node(call: Call, aggregate_id: str) -> Answer:
    """POST /v1/aggregates/{aggregate_id}/nodes: 204."""
    service.add_node(call, aggregate_id)
    return Answer(204)


def remove_node(call: Call, aggregate_id: str, node_name: str) -> Answer:
    """DELETE /v1/aggregates/{aggregate_id}/nodes/{node_name}: 204."""
    service.remove_node(call, aggregate_id, node_name)
    return Answer(204)


def zones(call: Call) -> Answer:
    """GET /v1/availability_zones."""
    return Answer(200, {"availability_zones": service.zones(call)})


def _single(call: Call, row: Row) -> Answer:
    return Answer(200, views.single(Aggregate, _view(call, row)), {"ETag": editing.etag(rules.editable(row))})


def _view(call: Call, row: Row) -> dict[str, Any]:
    return {
        "uuid": row["id"],
        "name": row["name"],
        "metadata": row["metadata"],
        "created_at": views.moment(row["created_at"]),
        "updated_at": views.moment(row["updated_at"]),
        "links": views.links(call, "aggregates", row["id"]),
    }


ROUTES = [
    Route(
        "POST",
        _ALL,
        create,
        policy.CREATE,
        body=schema.CREATE,
        answers={201: Aggregate},
        refuses=(409,),
        leads={_ID: "$response.body#/uuid"},
    ),
    Route(
        "GET",
        _ALL,
        index,
        policy.LIST,
        query=schema.LIST,
        answers={200: Page("aggregates", Aggregate)},
        refuses=(404,),
        leads={"aggregate_id": "$response.body#/aggregates/0/uuid"},
    ),
    Route("GET", _ONE, show, policy.SHOW, answers={200: Aggregate}),
    Route("PATCH", _ONE, update, policy.UPDATE, body=schema.UPDATE, answers={200: Aggregate}, refuses=(409,)),
    Route("DELETE", _ONE, delete, policy.DELETE, answers={204: None}),
    Route("GET", _NODES, nodes, policy.LIST_NODES, answers={200: Nodes}),
    Route(
        "POST", _NODES, add_node, policy.SET_NODES, body=schema.ADD_NODE, answers={204: None}, leads={"node_name": "$request.body#/node"}
    ),
    Route("DELETE", f"{_NODES}/{{node_name}}", remove_node, policy.SET_NODES, answers={204: None}),
    Route("GET", "/v1/availability_zones", zones, policy.LIST_ZONES, answers={200: Zones}),
]
