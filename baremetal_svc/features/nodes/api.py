# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of nodes."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import Page
from baremetal_svc.db.rows import Row
from baremetal_svc.domain import facts, failure_domain
from baremetal_svc.features.nodes import policy, schema, service

_DOMAIN = "/v1/nodes/{node_id}/failure-domain"


class Node(views.View):
    """A machine as the last listing of Ironic showed it.

    ``failure_domain_source``: ``operator``, ``properties``, ``lldp``, or null where nobody says where it stands.
    """

    uuid = wtypes.text
    name = wtypes.text
    resource_class = wtypes.text
    provision_state = wtypes.text
    power_state = wtypes.text
    maintenance = bool
    traits = [wtypes.text]
    capabilities = views.Attribute(views.texts, since=5)
    owner = views.Attribute(wtypes.text, since=5)
    lessee = views.Attribute(wtypes.text, since=5)
    conductor_group = views.Attribute(wtypes.text, since=5)
    shard = views.Attribute(wtypes.text, since=5)
    retired = views.Attribute(bool, since=5)
    protected = views.Attribute(bool, since=5)
    health = views.Attribute(wtypes.text, since=5)
    failure_domain = wtypes.text
    failure_domain_source = views.Attribute(wtypes.text, since=6)
    tags = [wtypes.text]
    pools = [wtypes.text]
    offered = bool
    server_uuid = views.Attribute(wtypes.text, always=False)
    observed_at = wtypes.text
    links = [views.Link]


class Place(views.View):
    """Where a machine stands, and who says so."""

    failure_domain = wtypes.text
    failure_domain_source = wtypes.text


class Names(views.View):
    """Names of nodes."""

    nodes = [wtypes.text]


def index(call: Call) -> Answer:
    """GET /v1/nodes: names in the contract, nodes from 1.2 on."""
    if call.version < 2:
        return Answer(200, {"nodes": service.names(call)})
    found = service.page(call, views.limit(call))
    items = [_view(call, row, found) for row in found.rows]
    return Answer(200, views.page(call, "nodes", items, found.rows[-1]["id"] if found.rows else None))


def show(call: Call, node_id: str) -> Answer:
    """GET /v1/nodes/{node_id}."""
    found, holder = service.show(call, node_id)
    values = {**_view(call, found.rows[0], found), "server_uuid": None if holder is None else holder["server_id"]}
    return Answer(200, views.single(Node, values))


def set_failure_domain(call: Call, node_id: str) -> Answer:
    """PUT /v1/nodes/{node_id}/failure-domain: 200; it counts from now on, whatever Ironic says."""
    row = service.place(call, node_id, call.body["failure_domain"])
    return Answer(200, {"failure_domain": row["failure_domain"], **_source(row)})


def unset_failure_domain(call: Call, node_id: str) -> Answer:
    """DELETE /v1/nodes/{node_id}/failure-domain: 204, again as well; what Ironic says counts from now on."""
    service.place(call, node_id, None)
    return Answer(204)


def _source(row: Row) -> dict[str, Any]:
    return {"failure_domain_source": failure_domain.source(row["failure_domain_set"], row["failure_domain"], row["properties"])}


def _view(call: Call, row: Row, found: service.Found) -> dict[str, Any]:
    return {
        "uuid": row["id"],
        "name": row["name"],
        "resource_class": row["resource_class"],
        "provision_state": row["provision_state"],
        "power_state": row["power_state"],
        "maintenance": row["maintenance"],
        "traits": row["traits"],
        **(_facts(row) if call.version >= 5 else {}),
        "failure_domain": row["failure_domain"],
        **(_source(row) if call.version >= 6 else {}),
        "tags": sorted(found.seen.facts[row["id"]].tags),
        "pools": sorted(found.seen.standing[row["id"]].members),
        "offered": bool(found.seen.standing[row["id"]].offers),
        "observed_at": views.moment(row["observed_at"] if row["gone"] else max(row["observed_at"], found.listed_at or 0.0)),
        "links": views.links(call, "nodes", row["id"]),
    }


def _facts(row: Row) -> dict[str, Any]:
    own = {name: row[name] for name in ("owner", "lessee", "conductor_group", "shard", "retired", "protected")}
    health = facts.health(row["fault"], maintenance=row["maintenance"])
    return {**own, "capabilities": facts.capabilities(row["properties"]), "health": health}


ROUTES = [
    Route(
        "GET",
        "/v1/nodes",
        index,
        policy.LIST,
        query=schema.LIST,
        answers={200: {1: Names, 2: Page("nodes", Node)}},
        refuses=(404,),
        leads={"node_id": "$response.body#/nodes/0/uuid"},
    ),
    Route("GET", "/v1/nodes/{node_id}", show, policy.SHOW, query=schema.SHOW, since=2, answers={200: Node}),
    Route(
        "PUT",
        _DOMAIN,
        set_failure_domain,
        policy.SET_FAILURE_DOMAIN,
        body=schema.PLACE,
        query={6: schema.EMPTY},
        since=6,
        answers={200: Place},
        refuses=(409,),
    ),
    Route(
        "DELETE",
        _DOMAIN,
        unset_failure_domain,
        policy.SET_FAILURE_DOMAIN,
        query={6: schema.EMPTY},
        since=6,
        answers={204: None},
        refuses=(409,),
    ),
]
