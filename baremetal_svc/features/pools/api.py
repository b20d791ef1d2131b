# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of pools."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import editing, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.pools import policy, rules, schema, service
from baremetal_svc.features.pools.service import Found

_ALL = "/v1/pools"
_ONE = f"{_ALL}/{{pool_id}}"
_QUERY = {5: schema.EMPTY}
_PROJECTS = views.Json({"type": ["array", "null"], "items": {"type": "string"}})
_FREE_BELOW = views.Json({"type": ["integer", "string", "null"]})


class Pool(views.View):
    """Nodes with all of, any of and none of these tags and facts; ``projects`` may draw on it, null stands for all.

    While it is ``rebuilding``, ``progress`` percent of the nodes have been looked at since its expression changed.
    An event tells when fewer nodes are free than ``free_below``: a number, or a part of all such as "10%".
    """

    uuid = wtypes.text
    name = wtypes.text
    description = wtypes.text
    all = [wtypes.text]
    any = [wtypes.text]
    none = [wtypes.text]
    projects = views.Attribute(_PROJECTS, since=5)
    free_below = views.Attribute(_FREE_BELOW, since=6)
    nodes = int
    rebuilding = views.Attribute(bool, since=5)
    progress = views.Attribute(int, since=5)
    created_at = wtypes.text
    updated_at = wtypes.text
    links = [views.Link]


class PoolOverlap(views.View):
    """Another pool, and how many nodes are members of both."""

    uuid = wtypes.text
    name = wtypes.text
    nodes = int


def create(call: Call) -> Answer:
    """POST /v1/pools: 201; of many machines its members come in the background."""
    found = service.create(call)
    place = f"{call.base}{_ALL}" if call.version < 5 else f"{call.base}{_ALL}/{found.rows[0]['id']}"
    return Answer(201, views.single(Pool, _view(call, found.rows[0], found)), {"Location": place})


def index(call: Call) -> Answer:
    """GET /v1/pools."""
    found = service.page(call, views.limit(call))
    items = [_view(call, row, found) for row in found.rows]
    return Answer(200, views.page(call, "pools", items, found.rows[-1]["id"] if found.rows else None))


def show(call: Call, pool_id: str) -> Answer:
    """GET /v1/pools/{pool_id}."""
    return _single(call, service.show(call, pool_id))


def update(call: Call, pool_id: str) -> Answer:
    """PATCH /v1/pools/{pool_id}: 200 with the pool; of many machines its members follow in the background."""
    return _single(call, service.update(call, pool_id))


def delete(call: Call, pool_id: str) -> Answer:
    """DELETE /v1/pools/{pool_id}: 204; refused while flavors draw on it."""
    service.delete(call, pool_id)
    return Answer(204)


def overlaps(call: Call, pool_id: str) -> Answer:
    """GET /v1/pools/{pool_id}/overlaps: pools that have members in common with it."""
    rows = service.overlaps(call, pool_id, views.limit(call))
    items = [{"uuid": row["id"], "name": row["name"], "nodes": row["nodes"]} for row in rows]
    return Answer(200, views.page(call, "overlaps", items, rows[-1]["id"] if rows else None))


def _single(call: Call, found: Found) -> Answer:
    [row] = found.rows
    return Answer(200, views.single(Pool, _view(call, row, found)), {"ETag": editing.etag(rules.editable(row, call.version))})


def _view(call: Call, row: Row, found: Found) -> dict[str, Any]:
    progress = rules.progress(row)
    later = {"projects": row["projects"], "rebuilding": progress < 100, "progress": progress} if call.version >= 5 else {}
    later |= {"free_below": rules.threshold(row)} if call.version >= 6 else {}
    return {
        "uuid": row["id"],
        "name": row["name"],
        "description": row["description"],
        "all": row["all_of"],
        "any": row["any_of"],
        "none": row["none_of"],
        "nodes": found.counts.get(row["id"], 0),
        **later,
        "created_at": views.moment(row["created_at"]),
        "updated_at": views.moment(row["updated_at"]),
        "links": views.links(call, "pools", row["id"]) if call.version >= 5 else [{"href": f"{call.base}{_ALL}", "rel": "collection"}],
    }


ROUTES = [
    Route(
        "POST",
        _ALL,
        create,
        policy.CREATE,
        body=schema.CREATE,
        query={2: schema.EMPTY},
        since=2,
        answers={201: Pool},
        refuses=(409,),
        leads={"pool_id": "$response.body#/uuid"},
    ),
    Route("GET", _ALL, index, policy.LIST, query=schema.LIST, since=2, answers={200: Page("pools", Pool)}, refuses=(404,)),
    Route("GET", _ONE, show, policy.SHOW, query=_QUERY, since=5, answers={200: Pool}),
    Route("PATCH", _ONE, update, policy.UPDATE, body=schema.UPDATE, query=_QUERY, since=5, answers={200: Pool}, refuses=(409,)),
    Route("DELETE", _ONE, delete, policy.DELETE, query=_QUERY, since=5, answers={204: None}, refuses=(409,)),
    Route("GET", f"{_ONE}/overlaps", overlaps, policy.SHOW, query=schema.LIST, since=5, answers={200: Page("overlaps", PoolOverlap)}),
]
