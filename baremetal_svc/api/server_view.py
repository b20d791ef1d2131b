# SPDX-License-Identifier: Apache-2.0
"""The view of a server, the same wherever one is shown. Source: Mogan's contract, section 1.3."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Call
from baremetal_svc.api.microversion import MINIMUM
from baremetal_svc.api.validation import closed
from baremetal_svc.db import nics, operations
from baremetal_svc.db.rows import Row

_ADDRESS = closed({"addr": {"type": "string"}, "type": {"enum": ["fixed", "floating"]}}, ["addr", "type"])
_FAULT = closed({"code": {"type": "integer"}, "message": {"type": "string"}, "detail": {"type": "string"}}, ["code", "message", "detail"])


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


#: What only some answers have.
_SINGLE = ("fault", "node", "affinity_zone")
_SINCE = {name: getattr(getattr(Server, name), "since", MINIMUM) for name in Server._wsme_attr_order if name not in _SINGLE}


@lru_cache
def fields(version: int) -> tuple[str, ...]:
    """Names of the fields of all servers in this minor version."""
    return tuple(name for name, since in _SINCE.items() if since <= version)


def values(call: Call, row: Row) -> dict[str, Any]:
    """Every field of a server, of a list or ``servers.shown``."""
    return {
        "uuid": row["id"],
        "name": row["name"],
        "description": row["description"],
        "project_id": row["project_id"],
        "user_id": row["user_id"],
        "status": row["status"],
        "power_state": row["power_state"],
        "availability_zone": row["availability_zone"],
        # An adopted server has no flavor, and an image only where Ironic knows one by its id.
        "flavor_uuid": None if row["adopted"] else row["flavor_id"],
        "image_uuid": row["image_id"] or None,
        "addresses": _addresses(row["addresses"]),
        "launched_at": views.moment(row["launched_at"]),
        "metadata": row["metadata"],
        "key_name": row["key_name"],
        "partitions": row["partitions"],
        "locked": row["locked_by"] is not None,
        "tags": sorted(row["tags"] or ()),
        "reservation_uuid": row["reservation_id"],
        "created_at": views.moment(row["created_at"]),
        "updated_at": views.moment(row["updated_at"]),
        "links": views.links(call, "servers", row["id"]),
    }


def chosen(call: Call, row: Row, names: Sequence[str]) -> dict[str, Any]:
    """These fields of a server."""
    every = values(call, row)
    return every if len(names) == len(every) else {name: every[name] for name in names}


def single(call: Call, row: Row) -> dict[str, Any]:
    """One server, with what only single views have."""
    shown = chosen(call, row, fields(call.version))
    if call.context.is_operator:
        shown["node"], shown["affinity_zone"] = row["node_name"], row["affinity_zone"] or None
    if row["status"] == "error":
        failed = call.services.db.query(lambda conn: operations.last_failed_of(conn, row["id"]))
        if failed is not None and failed["error"]:
            shown["fault"] = {"code": 500, "message": views.told(call, failed["error"]["message"]), "detail": failed["error"]["hint"]}
    return views.single(Server, shown)


def _addresses(found: Sequence[list[Any]] | None) -> dict[str, list[dict[str, str]]]:
    by_network: dict[str, list[dict[str, str]]] = {}
    for network_id, fixed_ips, floating_ip in nics.reached(found):
        fixed = [{"addr": address["ip_address"], "type": "fixed"} for address in fixed_ips]
        floating = [{"addr": floating_ip, "type": "floating"}] if floating_ip else []
        if fixed or floating:
            by_network.setdefault(network_id, []).extend([*fixed, *floating])
    return by_network
