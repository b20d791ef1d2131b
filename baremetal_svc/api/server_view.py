# SPDX-License-Identifier: Apache-2.0
"""The view of a server, the same wherever one is shown. Source: Mogan's contract, section 1.3."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Call
from baremetal_svc.api.validation import closed
from baremetal_svc.db import nics, operations, servers
from baremetal_svc.db.rows import Row

_ADDRESS = closed({"addr": {"type": "string"}, "type": {"enum": ["fixed", "floating"]}}, ["addr", "type"])
_FAULT = closed({"code": {"type": "integer"}, "message": {"type": "string"}, "detail": {"type": "string"}}, ["code", "message", "detail"])


@dataclass(frozen=True, slots=True)
class Shown:
    """A server with what is shown of it from other tables."""

    row: Row
    nics: Sequence[Row]
    tags: Sequence[str]


class Server(views.View):
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
    addresses = views.Json({"type": "object", "additionalProperties": {"type": "array", "items": _ADDRESS}})
    launched_at = wtypes.text
    metadata = views.texts
    key_name = wtypes.text
    partitions = views.Json({"type": "object", "additionalProperties": {"type": "integer"}})
    locked = bool
    tags = views.Attribute([wtypes.text], since=3)
    reservation_uuid = views.Attribute(wtypes.text, since=6)
    created_at = wtypes.text
    updated_at = wtypes.text
    fault = views.Attribute(views.Json(_FAULT), always=False)
    node = views.Attribute(wtypes.text, always=False)
    affinity_zone = views.Attribute(wtypes.text, always=False)
    links = [views.Link]


#: Each field by how it is made: lists and single views are made from the same table.
FIELDS: dict[str, Callable[[Call, Shown], Any]] = {
    "uuid": lambda call, it: it.row["id"],
    "name": lambda call, it: it.row["name"],
    "description": lambda call, it: it.row["description"],
    "project_id": lambda call, it: it.row["project_id"],
    "user_id": lambda call, it: it.row["user_id"],
    "status": lambda call, it: it.row["status"],
    "power_state": lambda call, it: it.row["power_state"],
    "availability_zone": lambda call, it: it.row["availability_zone"],
    # An adopted server has no flavor, and an image only where Ironic knows one by its id.
    "flavor_uuid": lambda call, it: None if it.row["adopted"] else it.row["flavor_id"],
    "image_uuid": lambda call, it: it.row["image_id"] or None,
    "addresses": lambda call, it: _addresses(it.nics),
    "launched_at": lambda call, it: views.moment(it.row["launched_at"]),
    "metadata": lambda call, it: it.row["metadata"],
    "key_name": lambda call, it: it.row["key_name"],
    "partitions": lambda call, it: it.row["partitions"],
    "locked": lambda call, it: it.row["locked_by"] is not None,
    "tags": lambda call, it: it.tags,
    "reservation_uuid": lambda call, it: it.row["reservation_id"],
    "created_at": lambda call, it: views.moment(it.row["created_at"]),
    "updated_at": lambda call, it: views.moment(it.row["updated_at"]),
    "links": lambda call, it: views.links(call, "servers", it.row["id"]),
}
#: Fields that came with a later minor version.
_SINCE = {"tags": 3, "reservation_uuid": 6}


def load(conn: Connection, rows: Sequence[Row]) -> list[Shown]:
    """What belongs to these servers: two queries however many they are."""
    ids = [row["id"] for row in rows]
    connections, tags = nics.addresses_of(conn, ids), servers.tags_of(conn, ids)
    return [Shown(row, connections[row["id"]], tags[row["id"]]) for row in rows]


def fields(call: Call) -> tuple[str, ...]:
    """Names of the fields in the version that the caller asked for."""
    return tuple(name for name in FIELDS if _SINCE.get(name, 1) <= call.version)


def single(call: Call, shown: Shown) -> dict[str, Any]:
    """One server, with what only single views have."""
    row = shown.row
    values = {name: FIELDS[name](call, shown) for name in fields(call)}
    if call.context.is_operator:
        values["node"], values["affinity_zone"] = row["node_name"], row["affinity_zone"] or None
    if row["status"] == "error":
        failed = call.services.db.query(lambda conn: operations.last_failed_of(conn, row["id"]))
        if failed is not None and failed["error"]:
            values["fault"] = {"code": 500, "message": views.told(call, failed["error"]["message"]), "detail": failed["error"]["hint"]}
    return views.single(Server, values)


def _addresses(nics: Sequence[Row]) -> Mapping[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = {}
    for nic in nics:
        fixed = [{"addr": address["ip_address"], "type": "fixed"} for address in nic["fixed_ips"]]
        floating = [{"addr": nic["floating_ip"], "type": "floating"}] if nic["floating_ip"] else []
        if fixed or floating:
            found.setdefault(nic["network_id"], []).extend([*fixed, *floating])
    return found
