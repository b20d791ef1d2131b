# SPDX-License-Identifier: Apache-2.0
"""Controllers and view of key pairs."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.keypairs import policy, schema, service


class KeyPair(views.View):
    """A key pair; ``private_key`` only in the answer that made it."""

    user_id = wtypes.text
    name = wtypes.text
    type = wtypes.text
    fingerprint = wtypes.text
    public_key = wtypes.text
    private_key = views.Attribute(wtypes.text, always=False)
    created_at = wtypes.text
    updated_at = wtypes.text
    links = [views.Link]


def create(call: Call) -> Answer:
    """POST /v1/keypairs: 201."""
    row, private = service.create(call)
    values = _view(call, row) | ({} if private is None else {"private_key": private})
    headers = {"Location": f"{call.base}/v1/keypairs/{row['name'].replace(' ', '%20')}"}
    return Answer(201, views.single(KeyPair, values), headers)


def index(call: Call) -> Answer:
    """GET /v1/keypairs."""
    rows = service.page(call, views.limit(call))
    return Answer(200, views.page(call, "keypairs", [_view(call, row) for row in rows], rows[-1]["name"] if rows else None))


def show(call: Call, key_name: str) -> Answer:
    """GET /v1/keypairs/{key_name}."""
    return Answer(200, views.single(KeyPair, _view(call, service.show(call, key_name))))


def delete(call: Call, key_name: str) -> Answer:
    """DELETE /v1/keypairs/{key_name}: 204."""
    service.delete(call, key_name)
    return Answer(204)


def _view(call: Call, row: Row) -> dict[str, Any]:
    return {
        **{name: row[name] for name in ("user_id", "name", "type", "fingerprint", "public_key")},
        "created_at": views.moment(row["created_at"]),
        # A pair is never changed.
        "updated_at": None,
        "links": views.links(call, "keypairs", row["name"].replace(" ", "%20")),
    }


ROUTES = [
    Route(
        "POST",
        "/v1/keypairs",
        create,
        policy.CREATE,
        body=schema.CREATE,
        answers={201: KeyPair},
        refuses=(409,),
        leads={"key_name": "$response.body#/name"},
    ),
    Route(
        "GET",
        "/v1/keypairs",
        index,
        policy.LIST,
        query=schema.LIST,
        answers={200: Page("keypairs", KeyPair)},
        leads={"key_name": "$response.body#/keypairs/0/name"},
    ),
    Route("GET", "/v1/keypairs/{key_name}", show, policy.SHOW, query=schema.ONE, answers={200: KeyPair}),
    Route("DELETE", "/v1/keypairs/{key_name}", delete, policy.DELETE, query=schema.ONE, answers={204: None}),
]
