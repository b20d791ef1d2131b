# SPDX-License-Identifier: Apache-2.0
"""The use cases of flavors."""

import uuid
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api import idempotency
from baremetal_svc.api.call import Call
from baremetal_svc.db import flavors, pools
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Invalid, NotFound, existing


def create(call: Call) -> Row:
    """Create a flavor. :raises Conflict: the name is taken. :raises Invalid: a pool is unknown."""
    asked = call.body
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "name": asked["name"],
        "description": asked["description"],
        "is_public": _flag(asked.get("is_public", True)),
        "disabled": _flag(asked.get("disabled", False)),
        "resources": {name: int(amount) for name, amount in asked["resources"].items()},
        "resource_aggregates": asked.get("resource_aggregates", {}),
        "resource_class": next(iter(asked["resources"])),
        "pools": [pool_id.lower() for pool_id in asked.get("pools", [])],
    }

    def work(conn: Connection) -> Row:
        unknown = set(values["pools"]) - pools.existing(conn, values["pools"])
        if unknown:
            raise Invalid(f"There is no pool {min(unknown)}.")
        flavors.insert(conn, values)
        return existing(flavors.get(conn, values["id"]), "flavor", values["id"])

    return idempotency.once(call, flavors.get, work, f"A flavor named {asked['name']!r} exists.")[0]


def show(call: Call, flavor_id: str) -> Row:
    """One flavor; private and disabled ones only for operators. :raises NotFound:"""
    row = call.services.db.query(lambda conn: existing(flavors.get(conn, flavor_id), "flavor", flavor_id))
    if not call.context.is_operator and (row["disabled"] or not row["is_public"]):
        raise NotFound(f"There is no flavor {flavor_id}.")
    return row


def page(call: Call, limit: int) -> list[Row]:
    """Flavors that the caller may use; operators see all. :raises NotFound: the marker."""
    usable_only = not call.context.is_operator
    marker = call.query.get("marker")

    def work(conn: Connection) -> list[Row]:
        if marker is not None:
            existing(flavors.get(conn, marker), "flavor", marker)
        return flavors.page(conn, usable_only=usable_only, limit=limit, marker=marker)

    return call.services.db.query(work)


def _flag(value: Any) -> bool:
    return value in (True, "True", "true", "1")
