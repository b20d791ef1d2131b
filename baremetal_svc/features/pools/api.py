# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of pools."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.pools import policy, schema, service


class Pool(wtypes.Base):
    """A pool: nodes with all of, any of and none of these tags."""

    uuid = wtypes.text
    name = wtypes.text
    description = wtypes.text
    all = [wtypes.text]
    any = [wtypes.text]
    none = [wtypes.text]
    nodes = int
    created_at = wtypes.text
    updated_at = wtypes.text
    links = [views.Link]


def create(call: Call) -> Answer:
    """POST /v1/pools: 201."""
    row, count = service.create(call)
    return Answer(201, views.single(Pool, _view(call, row, count)), {"Location": f"{call.base}/v1/pools"})


def index(call: Call) -> Answer:
    """GET /v1/pools."""
    rows, counts = service.page(call, views.limit(call))
    items = [_view(call, row, counts.get(row["id"], 0)) for row in rows]
    return Answer(200, views.page(call, "pools", items, rows[-1]["id"] if rows else None))


def _view(call: Call, row: Row, count: int) -> dict[str, Any]:
    return {
        "uuid": row["id"],
        "name": row["name"],
        "description": row["description"],
        "all": row["all_of"],
        "any": row["any_of"],
        "none": row["none_of"],
        "nodes": count,
        "created_at": views.moment(row["created_at"]),
        "updated_at": views.moment(row["updated_at"]),
        "links": [{"href": f"{call.base}/v1/pools", "rel": "collection"}],
    }


ROUTES = [
    Route(
        "POST",
        "/v1/pools",
        create,
        policy.CREATE,
        body=schema.CREATE,
        query={2: schema.EMPTY},
        since=2,
        answers={201: Pool},
        refuses=(409,),
    ),
    Route("GET", "/v1/pools", index, policy.LIST, query=schema.LIST, since=2, answers={200: Page("pools", Pool)}, refuses=(404,)),
]
