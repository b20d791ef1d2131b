# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of flavors."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import editing, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.features.flavors import policy, rules, schema, service

_ALL = "/v1/flavors"
_ONE = f"{_ALL}/{{flavor_id}}"
_AMOUNTS = views.Json({"type": "object", "additionalProperties": {"type": "integer"}})
_VALUES = views.Json({"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}})


class Flavor(views.View):
    """A flavor; what it takes and from where is for operators. ``facts``: cpus, cpu_model, cpu_arch, memory_mb, disks, nics, gpus.

    ``partitions``: the layout where a request of a partition image names none. ``image_properties``: of each an image has a value.
    ``boot_mode``: bios or uefi, null for any. ``raid``: made of the disks before the image is written, as Ironic's target_raid_config.
    ``resource_traits``: each a machine must have, with the value "required".
    """

    uuid = wtypes.text
    name = wtypes.text
    description = wtypes.text
    is_public = bool
    disabled = views.Attribute(bool, always=False)
    resources = views.Attribute(_AMOUNTS, always=False)
    resource_aggregates = views.Attribute(views.texts, always=False)
    resource_traits = views.Attribute(views.texts, since=6, always=False)
    pools = views.Attribute([wtypes.text], since=2, always=False)
    facts = views.Attribute(views.Json({"type": "object"}), since=3)
    partitions = views.Attribute(_AMOUNTS, since=6)
    image_properties = views.Attribute(_VALUES, since=6)
    price = views.Attribute(wtypes.text, since=6)
    boot_mode = views.Attribute(wtypes.text, since=6)
    raid = views.Attribute(views.Json({"type": "object"}), since=6)
    created_at = views.Attribute(wtypes.text, always=False)
    updated_at = views.Attribute(wtypes.text, always=False)
    links = [views.Link]


class Access(views.View):
    """Ids of the projects that may use a private flavor."""

    flavor_access = [wtypes.text]


def create(call: Call) -> Answer:
    """POST /v1/flavors: 201."""
    row = service.create(call)
    return Answer(201, views.single(Flavor, _view(call, row)), {"Location": f"{call.base}/v1/flavors/{row['id']}"})


def index(call: Call) -> Answer:
    """GET /v1/flavors."""
    rows = service.page(call, views.limit(call))
    return Answer(200, views.page(call, "flavors", [_view(call, row) for row in rows], rows[-1]["id"] if rows else None))


def show(call: Call, flavor_id: str) -> Answer:
    """GET /v1/flavors/{flavor_id}."""
    row = service.show(call, flavor_id)
    return Answer(200, views.single(Flavor, _view(call, row)), _tag(call, row))


def update(call: Call, flavor_id: str) -> Answer:
    """PATCH /v1/flavors/{flavor_id}: 200 with the flavor."""
    row = service.update(call, flavor_id)
    return Answer(200, views.single(Flavor, _view(call, row)), _tag(call, row))


def delete(call: Call, flavor_id: str) -> Answer:
    """DELETE /v1/flavors/{flavor_id}: 204."""
    service.delete(call, flavor_id)
    return Answer(204)


def access(call: Call, flavor_id: str) -> Answer:
    """GET /v1/flavors/{flavor_id}/access."""
    return Answer(200, {"flavor_access": service.access(call, flavor_id)})


def give(call: Call, flavor_id: str) -> Answer:
    """POST /v1/flavors/{flavor_id}/access: 204, again as well."""
    service.give(call, flavor_id)
    return Answer(204)


def take_away(call: Call, flavor_id: str, project: str) -> Answer:
    """DELETE /v1/flavors/{flavor_id}/access/{project}: 204."""
    service.take_away(call, flavor_id, project)
    return Answer(204)


def _tag(call: Call, row: Row) -> dict[str, str]:
    """Of what an operator may edit; nobody else needs one."""
    return {"ETag": editing.etag(rules.editable(row, call.version))} if call.context.is_operator else {}


def _view(call: Call, row: Row) -> dict[str, Any]:
    values = {
        "uuid": row["id"],
        "name": row["name"],
        "description": row["description"],
        "is_public": row["is_public"],
        "links": views.links(call, "flavors", row["id"]),
        **({"facts": row["facts"] or {}} if call.version >= 3 else {}),
        **(rules.told(row) if call.version >= 6 else {}),
    }
    if not call.context.is_operator:
        return values
    more = {
        "disabled": row["disabled"],
        "resources": row["resources"],
        "resource_aggregates": row["resource_aggregates"],
        "created_at": views.moment(row["created_at"]),
        "updated_at": views.moment(row["updated_at"]),
    }
    pools = {"pools": row["pools"]} if call.version >= 2 else {}
    traits = {"resource_traits": row["resource_traits"] or {}} if call.version >= 6 else {}
    return {**values, **more, **pools, **traits}


ROUTES = [
    Route(
        "POST",
        _ALL,
        create,
        policy.CREATE,
        body=schema.CREATE,
        answers={201: Flavor},
        refuses=(409,),
        leads={"flavor_id": "$response.body#/uuid"},
    ),
    Route(
        "GET",
        _ALL,
        index,
        policy.LIST,
        query=schema.LIST,
        answers={200: Page("flavors", Flavor)},
        refuses=(404,),
        leads={"flavor_id": "$response.body#/flavors/0/uuid"},
    ),
    Route("GET", _ONE, show, policy.SHOW, answers={200: Flavor}),
    Route("PATCH", _ONE, update, policy.UPDATE, body=schema.UPDATE, answers={200: Flavor}, refuses=(409,)),
    Route("DELETE", _ONE, delete, policy.DELETE, answers={204: None}, refuses=(409,)),
    Route("GET", f"{_ONE}/access", access, policy.LIST_ACCESS, answers={200: Access}),
    Route(
        "POST",
        f"{_ONE}/access",
        give,
        policy.SET_ACCESS,
        body=schema.ACCESS,
        answers={204: None},
        refuses=(409,),
        leads={"project": "$request.body#/tenant_id"},
    ),
    Route("DELETE", f"{_ONE}/access/{{project}}", take_away, policy.SET_ACCESS, answers={204: None}),
]
