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


class Server(wtypes.Base):
    """A server as a tenant sees it; ``node`` for operators only, ``fault`` in status error only."""

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
    created_at = wtypes.text
    updated_at = wtypes.text
    fault = views.json_type
    node = wtypes.text
    links = [views.Link]


_SUMMARY = ("uuid", "name", "description", "status", "power_state", "links")
#: Each field by how it comes out of (call, row, NICs): lists and single views are made from the same table.
_FIELDS: dict[str, Callable[[Call, Row, Sequence[Row]], Any]] = {
    "uuid": lambda call, row, nics: row["id"],
    "name": lambda call, row, nics: row["name"],
    "description": lambda call, row, nics: row["description"],
    "project_id": lambda call, row, nics: row["project_id"],
    "user_id": lambda call, row, nics: row["user_id"],
    "status": lambda call, row, nics: row["status"],
    "power_state": lambda call, row, nics: row["power_state"],
    "availability_zone": lambda call, row, nics: row["availability_zone"],
    "flavor_uuid": lambda call, row, nics: row["flavor_id"],
    "image_uuid": lambda call, row, nics: row["image_id"],
    "addresses": lambda call, row, nics: _addresses(nics),
    "launched_at": lambda call, row, nics: views.moment(row["launched_at"]),
    "metadata": lambda call, row, nics: row["metadata"],
    "key_name": lambda call, row, nics: row["key_name"],
    "partitions": lambda call, row, nics: row["partitions"],
    "locked": lambda call, row, nics: row["locked_by"] is not None,
    "created_at": lambda call, row, nics: views.moment(row["created_at"]),
    "updated_at": lambda call, row, nics: views.moment(row["updated_at"]),
    "links": lambda call, row, nics: views.links(call, "servers", row["id"]),
}


def create(call: Call) -> Answer:
    """POST /v1/servers: 201 with the first server; its operation in the Link header."""
    row, operation_id = service.create(call)
    headers = {"Location": f"{call.base}/v1/servers/{row['id']}"}
    if operation_id is not None:
        headers["Link"] = f'<{call.base}/v1/operations/{operation_id}>; rel="operation"'
    return Answer(201, _single(call, *service.show(call, row["id"])), headers)


def index(call: Call) -> Answer:
    """GET /v1/servers."""
    return _page(call, _chosen(call) or _SUMMARY)


def detail(call: Call) -> Answer:
    """GET /v1/servers/detail."""
    return _page(call, tuple(_FIELDS))


def show(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}."""
    row, nics = service.show(call, server_id)
    values = _single(call, row, nics)
    chosen = _chosen(call)
    return Answer(200, {name: values[name] for name in (*chosen, "links")} if chosen else values, _tag(row))


def update(call: Call, server_id: str) -> Answer:
    """PATCH /v1/servers/{server_id}: 200 with the server."""
    row, nics = service.update(call, server_id)
    return Answer(200, _single(call, row, nics), _tag(row))


def delete(call: Call, server_id: str) -> Answer:
    """DELETE /v1/servers/{server_id}: 204 at once, the operation in Location."""
    operation_id = service.delete(call, server_id)
    return Answer(204, None, {"Location": f"{call.base}/v1/operations/{operation_id}"})


def _page(call: Call, names: Sequence[str]) -> Answer:
    rows, nics = service.page(call, views.limit(call))
    makers = [(name, _FIELDS[name]) for name in names]
    items = [{name: make(call, row, nics[row["id"]]) for name, make in makers} for row in rows]
    return Answer(200, views.page(call, "servers", items, rows[-1]["id"] if rows else None))


def _single(call: Call, row: Row, nics: Sequence[Row]) -> dict[str, Any]:
    values = {name: make(call, row, nics) for name, make in _FIELDS.items()}
    if call.context.is_operator:
        values["node"] = row["node_name"]
    if row["status"] == "error":
        failed = call.services.db.query(lambda conn: operations.last_failed_of(conn, row["id"]))
        if failed is not None and failed["error"]:
            values["fault"] = {"code": 500, "message": failed["error"]["message"], "detail": failed["error"]["hint"]}
    return views.single(Server, values)


def _tag(row: Row) -> dict[str, str]:
    return {"ETag": editing.etag(rules.editable(row))}


def _chosen(call: Call) -> tuple[str, ...]:
    chosen = tuple(dict.fromkeys(call.query["fields"].split(","))) if "fields" in call.query else ()
    unknown = [name for name in chosen if name not in _FIELDS]
    if unknown:
        raise Invalid(f"There is no field {unknown[0]!r}.", hint=f"Fields are: {', '.join(_FIELDS)}.")
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
