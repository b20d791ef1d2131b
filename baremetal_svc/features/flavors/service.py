# SPDX-License-Identifier: Apache-2.0
"""The use cases of flavors."""

import uuid
from collections.abc import Sequence
from typing import Any

from oslo_db.exception import DBDuplicateEntry, DBReferenceError
from sqlalchemy import Connection

from baremetal_svc.api import editing, idempotency, validation
from baremetal_svc.api.call import Call
from baremetal_svc.db import flavors, pools, reservations
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, Invalid, NotFound, existing
from baremetal_svc.features.flavors import rules, schema


def create(call: Call) -> Row:
    """Create a flavor. :raises Conflict: the name is taken. :raises Invalid: a pool is unknown, or the RAID is none."""
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
        "pools": _once(asked.get("pools", [])),
        "facts": asked.get("facts", {}),
        **rules.later(asked),
    }
    rules.check_raid(values["raid"])

    def work(conn: Connection) -> Row:
        _check_pools(conn, values["pools"])
        flavors.insert(conn, values)
        return existing(flavors.get(conn, values["id"]), "flavor", values["id"])

    return idempotency.once(call, flavors.get, work, f"A flavor named {asked['name']!r} exists.")[0]


def show(call: Call, flavor_id: str) -> Row:
    """One flavor; disabled ones, and private ones of others, only for operators. :raises NotFound:"""
    return call.services.db.query(lambda conn: _visible(conn, call, flavor_id))


def page(call: Call, limit: int) -> list[Row]:
    """Flavors that the caller may use; operators see all. :raises NotFound: the marker."""
    usable_by = None if call.context.is_operator else call.context.project_id
    marker = call.query.get("marker")

    def work(conn: Connection) -> list[Row]:
        if marker is not None:
            row = existing(flavors.get(conn, marker), "flavor", marker)
            existing(row if usable_by is None or flavors.usable(conn, row, usable_by) else None, "flavor", marker)
        return flavors.page(conn, usable_by=usable_by, limit=limit, marker=marker)

    return call.services.db.query(work)


def update(call: Call, flavor_id: str) -> Row:
    """Edit a flavor: servers that exist keep what it said before.

    :raises NotFound: :raises Invalid: :raises PreconditionFailed: :raises Conflict: the name is taken.
    """

    def work(conn: Connection) -> Row:
        row = existing(flavors.get(conn, flavor_id, lock=True), "flavor", flavor_id)
        document = rules.editable(row, call.version)
        editing.check_match(call.if_match, document)
        done = editing.edited(document, call.body, validation.pick(schema.EDITED, call.version))
        values = {**done, "is_public": _flag(done["is_public"]), "disabled": _flag(done["disabled"])}
        if call.version >= 3:
            values["facts"] = done.get("facts", {})
        if call.version >= 6:
            values |= rules.later(done)
            rules.check_raid(values["raid"])
        if "pools" in done:
            values["pools"] = _once(done["pools"])
            _check_pools(conn, values["pools"])
        flavors.set_columns(conn, flavor_id, **values)
        return existing(flavors.get(conn, flavor_id), "flavor", flavor_id)

    try:
        return call.services.db.transact(work)
    except DBDuplicateEntry as error:
        raise Conflict("A flavor of that name exists.", hint="Choose another name.") from error


def delete(call: Call, flavor_id: str) -> None:
    """:raises NotFound: :raises Conflict: a server has it, or machines of it are reserved."""

    def work(conn: Connection) -> None:
        existing(flavors.get(conn, flavor_id, lock=True), "flavor", flavor_id)
        if reservations.of_flavor(conn, flavor_id):
            raise Conflict(
                f"Flavor {flavor_id} is in use.", hint="Machines of it are reserved: end the reservations, or disable the flavor."
            )
        flavors.forget(conn, flavor_id)

    try:
        call.services.db.transact(work)
    except DBReferenceError as error:
        raise Conflict(f"Flavor {flavor_id} is in use.", hint="Delete its servers first, or disable the flavor.") from error


def access(call: Call, flavor_id: str) -> list[str]:
    """Projects that may use a private flavor; a tenant learns of its own project only. :raises NotFound: also for a public one."""

    def work(conn: Connection) -> list[str]:
        if _visible(conn, call, flavor_id)["is_public"]:
            raise NotFound(f"Flavor {flavor_id} is public: every project may use it.")
        return flavors.projects_of(conn, flavor_id)

    found = call.services.db.query(work)
    return found if call.context.is_operator else [project for project in found if project == call.context.project_id]


def give(call: Call, flavor_id: str) -> None:
    """Let a project use a private flavor. :raises NotFound: :raises Conflict: it is public."""

    def work(conn: Connection) -> None:
        row = existing(flavors.get(conn, flavor_id, lock=True), "flavor", flavor_id)
        if row["is_public"]:
            raise Conflict(f"Flavor {flavor_id} is public.", hint="Make it private first: set is_public to false.")
        if call.body["tenant_id"] not in flavors.projects_of(conn, flavor_id):
            flavors.give(conn, flavor_id, call.body["tenant_id"])

    call.services.db.transact(work)


def take_away(call: Call, flavor_id: str, project: str) -> None:
    """Servers that the project has stay. :raises NotFound: the flavor, or the project has no access."""

    def work(conn: Connection) -> None:
        existing(flavors.get(conn, flavor_id), "flavor", flavor_id)
        if not flavors.take_away(conn, flavor_id, project):
            raise NotFound(f"Project {project} has no access to flavor {flavor_id}.")

    call.services.db.transact(work)


def _visible(conn: Connection, call: Call, flavor_id: str) -> Row:
    row = existing(flavors.get(conn, flavor_id), "flavor", flavor_id)
    if not call.context.is_operator and (row["disabled"] or not flavors.usable(conn, row, call.context.project_id)):
        raise NotFound(f"There is no flavor {flavor_id}.")
    return row


def _once(pool_ids: Sequence[str]) -> list[str]:
    """In order, each once however it is spelled."""
    return list(dict.fromkeys(pool_id.lower() for pool_id in pool_ids))


def _check_pools(conn: Connection, pool_ids: list[str]) -> None:
    unknown = set(pool_ids) - pools.existing(conn, pool_ids)
    if unknown:
        raise Invalid(f"There is no pool {min(unknown)}.")


def _flag(value: Any) -> bool:
    return value in (True, "True", "true", "1")
