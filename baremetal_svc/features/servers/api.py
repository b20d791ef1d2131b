# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of servers."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import editing, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.db import operations
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Invalid
from baremetal_svc.features.servers import policy, rules, schema, service
from baremetal_svc.features.servers.service import Shown


class Server(wtypes.Base):
    """A server as a tenant sees it; ``node`` and ``affinity_zone`` for operators only, ``fault`` in status error only."""

    uuid = wtypes.text
    name = wtypes.text
    description = wtypes.text
    project_id = wtypes.text
    user_id = wtypes.text
    status = wtypes.text
    power_state = wtypes.text
    availability_zone = wtypes.text
    flavor_uuid = wtypes.text
    image_uuid = wtypes.text
    addresses = views.json_type
    launched_at = wtypes.text
    metadata = views.json_type
    key_name = wtypes.text
    partitions = views.json_type
    locked = bool
    tags = [wtypes.text]
    created_at = wtypes.text
    updated_at = wtypes.text
    fault = views.json_type
    node = wtypes.text
    affinity_zone = wtypes.text
    links = [views.Link]


_SUMMARY = ("uuid", "name", "description", "status", "power_state", "links")
#: Each field by how it is made: lists and single views are made from the same table.
_FIELDS: dict[str, Callable[[Call, Shown], Any]] = {
    "uuid": lambda call, it: it.row["id"],
    "name": lambda call, it: it.row["name"],
    "description": lambda call, it: it.row["description"],
    "project_id": lambda call, it: it.row["project_id"],
    "user_id": lambda call, it: it.row["user_id"],
    "status": lambda call, it: it.row["status"],
    "power_state": lambda call, it: it.row["power_state"],
    "availability_zone": lambda call, it: it.row["availability_zone"],
    "flavor_uuid": lambda call, it: it.row["flavor_id"],
    "image_uuid": lambda call, it: it.row["image_id"],
    "addresses": lambda call, it: _addresses(it.nics),
    "launched_at": lambda call, it: views.moment(it.row["launched_at"]),
    "metadata": lambda call, it: it.row["metadata"],
    "key_name": lambda call, it: it.row["key_name"],
    "partitions": lambda call, it: it.row["partitions"],
    "locked": lambda call, it: it.row["locked_by"] is not None,
    "tags": lambda call, it: it.tags,
    "created_at": lambda call, it: views.moment(it.row["created_at"]),
    "updated_at": lambda call, it: views.moment(it.row["updated_at"]),
    "links": lambda call, it: views.links(call, "servers", it.row["id"]),
}
#: Fields that came with a later minor version.
_SINCE = {"tags": 3}


def create(call: Call) -> Answer:
    """POST /v1/servers: 201 with the first server; its operation in the Link header."""
    row, operation_id = service.create(call)
    headers = {"Location": f"{call.base}/v1/servers/{row['id']}"}
    if operation_id is not None:
        headers["Link"] = f'<{call.base}/v1/operations/{operation_id}>; rel="operation"'
    return Answer(201, _single(call, service.show(call, row["id"])), headers)


def index(call: Call) -> Answer:
    """GET /v1/servers."""
    return _page(call, _chosen(call) or _SUMMARY)


def detail(call: Call) -> Answer:
    """GET /v1/servers/detail."""
    return _page(call, _fields(call))


def show(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}."""
    shown = service.show(call, server_id)
    values = _single(call, shown)
    chosen = _chosen(call)
    return Answer(200, {name: values[name] for name in (*chosen, "links")} if chosen else values, _etag(shown))


def update(call: Call, server_id: str) -> Answer:
    """PATCH /v1/servers/{server_id}: 200 with the server."""
    shown = service.update(call, server_id)
    return Answer(200, _single(call, shown), _etag(shown))


def delete(call: Call, server_id: str) -> Answer:
    """DELETE /v1/servers/{server_id}: 204 at once, the operation in Location."""
    operation_id = service.delete(call, server_id)
    return Answer(204, None, {"Location": f"{call.base}/v1/operations/{operation_id}"})


def _page(call: Call, names: Sequence[str]) -> Answer:
    found = service.page(call, views.limit(call))
    makers = [(name, _FIELDS[name]) for name in names]
    items = [{name: make(call, shown) for name, make in makers} for shown in found]
    return Answer(200, views.page(call, "servers", items, found[-1].row["id"] if found else None))


def _single(call: Call, shown: Shown) -> dict[str, Any]:
    row = shown.row
    values = {name: _FIELDS[name](call, shown) for name in _fields(call)}
    if call.context.is_operator:
        values["node"], values["affinity_zone"] = row["node_name"], row["affinity_zone"] or None
    if row["status"] == "error":
        failed = call.services.db.query(lambda conn: operations.last_failed_of(conn, row["id"]))
        if failed is not None and failed["error"]:
            values["fault"] = {"code": 500, "message": failed["error"]["message"], "detail": failed["error"]["hint"]}
    return views.single(Server, values)


def _etag(shown: Shown) -> dict[str, str]:
    return {"ETag": editing.etag(rules.editable(shown.row))}


def _fields(call: Call) -> tuple[str, ...]:
    return tuple(name for name in _FIELDS if _SINCE.get(name, 1) <= call.version)


def _chosen(call: Call) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(call.query["fields"].split(","))) if "fields" in call.query else ()
    known = _fields(call)
    unknown = [name for name in chosen if name not in known]
    if unknown:
        raise Invalid(f"There is no field {unknown[0]!r}.", hint=f"Fields are: {', '.join(known)}.")
    return chosen


def _addresses(nics: Sequence[Row]) -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for nic in nics:
        fixed = [{"addr": address["ip_address"], "type": "fixed"} for address in nic["fixed_ips"]]
        floating = [{"addr": nic["floating_ip"], "type": "floating"}] if nic["floating_ip"] else []
        if fixed or floating:
            found.setdefault(nic["network_id"], []).extend([*fixed, *floating])
    return found


ROUTES = [
    Route("POST", "/v1/servers", create, policy.CREATE, body=schema.CREATE),
    Route("GET", "/v1/servers", index, policy.LIST, query=schema.LIST),
    Route("GET", "/v1/servers/detail", detail, policy.LIST, query=schema.DETAIL),
    Route("GET", "/v1/servers/{server_id}", show, policy.SHOW, query=schema.SHOW),
    Route("PATCH", "/v1/servers/{server_id}", update, policy.UPDATE, body=schema.UPDATE),
    Route("DELETE", "/v1/servers/{server_id}", delete, policy.DELETE),
]
