# SPDX-License-Identifier: Apache-2.0
"""The use cases of servers: check what the request names, write rows and operation in one transaction, wake a conductor after it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from oslo_db.exception import DBDuplicateEntry, DBReferenceError
from sqlalchemy import Connection

from baremetal_svc.api import editing, idempotency, placement, quota, secrets, validation
from baremetal_svc.api.call import Call
from baremetal_svc.api.connections import check_network, check_port, promise
from baremetal_svc.api.placement import Placement
from baremetal_svc.api.quota import Quota
from baremetal_svc.conductor import client
from baremetal_svc.db import batches, claims, groups, keypairs, nics, operations, reservations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.configdrive import hostname
from baremetal_svc.domain.errors import Conflict, Invalid, NotFound, existing
from baremetal_svc.domain.image import check_active, check_partitions, check_properties, laid_out
from baremetal_svc.domain.lifecycle import check_allowed
from baremetal_svc.domain.quota import SERVERS, Use, granted, of_flavor, of_reservation
from baremetal_svc.domain.reservation import USED_UP, check_lasting
from baremetal_svc.domain.server import Status, check_not_deleting, check_unlocked
from baremetal_svc.features.servers import rules, schema


def create(call: Call) -> tuple[Row, str | None]:
    """Create a batch of servers; the first one and the id of its operation, the same ones for a replay of an Idempotency-Key.

    :raises NotFound: flavor, key pair, image or network. :raises Conflict: flavor disabled. :raises Invalid: counts, ports, user data.
    :raises IdempotencyMismatch: :raises OverQuota: not even min_count fits; what fits is made.
    """
    asked: Mapping[str, Any] = call.body["server"]
    least, most = placement.counts(call)
    secrets.check(asked)
    rules.check_ports(asked["networks"], most)
    operation_ids: list[str] = []

    def make(conn: Connection) -> Row:
        operation_ids[:], first = [], None
        count, drawn = _granted(conn, limits, where, least, most)
        promise(conn, rules.ports(asked["networks"]), str(call.context.project_id))
        batch_id = None
        if count > 1:
            batches.insert(conn, batch_id := str(uuid.uuid4()), least)
        for name in rules.names(asked["name"], count):
            server_id, operation_id = _write(conn, call, asked, drawn, name, batch_id)
            operation_ids.append(operation_id)
            first = first or server_id
        return existing(servers.shown(conn, str(first)), "server", str(first))

    replayed = idempotency.replay(call, servers.shown)
    if replayed is not None:
        return replayed, _operation_of(call, replayed["id"])
    where = call.services.db.query(lambda conn: placement.look_up(conn, call))
    asked, limits = _with_key(call, asked), quota.ask(call)
    asked = {**asked, "partitions": _check_outside(call, asked, where.flavor)}
    try:
        row, made = idempotency.once(call, servers.shown, make, "The servers could not be written.")
    except DBReferenceError as error:
        raise NotFound("The flavor or the server group has just been deleted.") from error
    if made:
        call.services.wake(operation_ids[0])
    return row, operation_ids[0] if made else _operation_of(call, row["id"])


def _granted(conn: Connection, limits: Quota, where: Placement, least: int, most: int) -> tuple[int, Placement]:
    """How many may be made, and where. :raises OverQuota: fewer than ``least``. :raises Conflict: the reservation is over."""
    count = limits.grant(conn, (SERVERS, of_flavor(where.flavor["id"])), least, most)
    if where.reservation_id is None:
        pool_ids, count = limits.draw(conn, where.pool_ids, least, count, where.offers)
        return count, replace(where, pool_ids=pool_ids)
    # Locked: of two that want its last machine the second one counts the first.
    row = existing(reservations.get(conn, where.reservation_id, lock=True), "reservation", where.reservation_id)
    check_lasting(row)
    use = Use(of_reservation(where.reservation_id), row["count"], reservations.servers(conn, where.reservation_id))
    return granted([use], least, count, hint=USED_UP), where


def _operation_of(call: Call, server_id: str) -> str | None:
    return call.services.db.query(lambda conn: operations.create_of(conn, server_id))


def show(call: Call, server_id: str) -> Row:
    """A server. :raises NotFound: unknown or foreign."""
    return call.services.db.query(lambda conn: _shown(conn, call, server_id))


def _shown(conn: Connection, call: Call, server_id: str) -> Row:
    return existing(servers.shown(conn, server_id, call.visible_project), "server", server_id)


def page(call: Call, limit: int) -> Sequence[Row]:
    """A page of servers: one query whatever the limit. :raises NotFound: the marker."""
    query = call.query
    columns = {"flavor_uuid": "flavor_id", "image_uuid": "image_id", **{name: name for name in ("name", "flavor_name", "ip")}}
    filters: dict[str, Any] = {column: query[name] for name, column in columns.items() if name in query}
    if "status" in query:
        filters["status"] = query["status"].lower()
    if "tags" in query:
        filters["tags"] = list(dict.fromkeys(query["tags"].split(",")))
    everybody = call.context.is_operator and str(query.get("all_tenants", "")).lower() in ("true", "1")
    if not everybody:
        filters["project_id"] = call.context.project_id

    def work(conn: Connection) -> Sequence[Row]:
        marker = None
        if "marker" in query:
            project = None if everybody else call.context.project_id
            marker = existing(servers.get(conn, query["marker"], project), "server", query["marker"])
        if "tags" in filters and not validation.fits(filters["tags"], validation.TAGS):
            # No server has what is no tag, or more of them than one may have: databases need not look for it.
            return []
        descending = query.get("sort_dir") == "desc"
        return servers.page(conn, filters, sort_key=query.get("sort_key", "id"), descending=descending, limit=limit, marker=marker)

    return call.services.db.query(work)


def update(call: Call, server_id: str) -> Row:
    """Edit name, description and metadata; the server.

    :raises NotFound: unknown or foreign. :raises Conflict: it is being deleted. :raises PreconditionFailed: :raises Invalid:
    """

    def work(conn: Connection) -> Row:
        row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
        check_not_deleting(row)
        document = rules.editable(row)
        editing.check_match(call.if_match, document)
        done = editing.edited(document, call.body, schema.EDITED)
        servers.set_columns(conn, server_id, name=done["name"], description=done.get("description"), metadata=done.get("metadata", {}))
        return _shown(conn, call, server_id)

    return call.services.db.transact(work)


def delete(call: Call, server_id: str) -> str:
    """Ask for the tear-down of a server; the id of the operation, the same for a second request.

    :raises NotFound: unknown or foreign. :raises Conflict: locked.
    """

    def work(conn: Connection) -> tuple[str, bool]:
        row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
        check_unlocked(row, is_operator=call.context.is_operator)
        if row["status"] != Status.DELETING:
            check_allowed("servers.delete", row["status"])
        if row["adopted"] and claims.live_of(conn, server_id) is not None:
            # Its disk was there before us: a delete would wipe it (defect 19 of Mogan).
            own = f"Let it go as it is: DELETE /v1/manageable_servers/{server_id} (1.3)."
            hint = own if call.context.is_operator else "Ask an operator to let it go as it is."
            raise Conflict(f"Server {server_id} was adopted.", hint=hint)
        connections = [_nic(nic) for nic in nics.of_server(conn, server_id)]
        arguments = {"server_id": server_id, "nics": connections, "quarantine": _quarantine(call)}
        return client.enqueue_delete(conn, call, server_id, arguments)

    try:
        operation_id, _ = call.services.db.transact(work)
    except DBDuplicateEntry:
        # Two deletes at one moment: the second one finds the first.
        operation_id, _ = call.services.db.transact(work)
    call.services.wake(operation_id)
    return operation_id


def _write(conn: Connection, call: Call, asked: Mapping[str, Any], where: Placement, name: str, batch_id: str | None) -> tuple[str, str]:
    server_id = str(uuid.uuid4())
    row = {**_row(call, asked, where, server_id, name), "batch_id": batch_id, "reservation_id": where.reservation_id}
    servers.insert(conn, row, [_requested(network) for network in asked["networks"]])
    if asked.get("tags"):
        servers.set_tags(conn, server_id, asked["tags"])
    if (group_id := placement.group_id(call)) is not None:
        groups.join(conn, group_id, server_id)
    more = {name: value for name, value in (("batch_id", batch_id), ("reservation_id", where.reservation_id)) if value is not None}
    arguments = {**_arguments(call, asked, where, server_id, name), "grouped": group_id is not None, **more}
    operation_id = client.enqueue_first(conn, call, "servers.create", server_id, arguments)
    secrets.put(conn, call.services.vault, operation_id, secrets.of(asked))
    return server_id, operation_id


def _row(call: Call, asked: Mapping[str, Any], where: Placement, server_id: str, name: str) -> dict[str, Any]:
    return {
        "id": server_id,
        "project_id": call.context.project_id,
        "user_id": call.context.user_id or "",
        "name": name,
        "description": asked.get("description"),
        "status": Status.BUILDING,
        "flavor_id": where.flavor["id"],
        "image_id": asked["image_uuid"].lower(),
        "availability_zone": where.zone,
        "key_name": asked.get("key_name"),
        "metadata": asked.get("metadata") or {},
        "partitions": _partitions(asked),
        "setup": where.setup.document(),
    }


def _arguments(call: Call, asked: Mapping[str, Any], where: Placement, server_id: str, name: str) -> dict[str, Any]:
    # What the flavor says now: changing it later does not change servers that exist.
    return {
        "server_id": server_id,
        "image_id": asked["image_uuid"].lower(),
        "hostname": hostname(name, server_id),
        "nics": [_argument(network) for network in asked["networks"]],
        "pool_ids": where.pool_ids,
        "resource_class": where.resource_class,
        "node_tags": where.tags,
        "partitions": _partitions(asked),
        "setup": where.setup.document(),
        "attempts": call.services.conf.conductor.deploy_attempts,
        "quarantine": _quarantine(call),
        # Their names only: what a retry has to be given again.
        "secret_names": sorted(secrets.of(asked)),
    }


def _quarantine(call: Call) -> float:
    """Seconds that a released node stays off: one lease and one timeout, when no late request of ours can be on its way any more."""
    conf = call.services.conf
    return float(conf.conductor.lease + conf.ironic.timeout)


def _argument(network: Mapping[str, str]) -> dict[str, str]:
    return {"network_id": network["net_id"].lower()} if "net_id" in network else {"port_id": network["port_id"].lower()}


def _requested(network: Mapping[str, str]) -> dict[str, str]:
    return {"network_id": network["net_id"].lower()} if "net_id" in network else {"requested_port_id": network["port_id"].lower()}


def _nic(nic: Row) -> dict[str, Any]:
    what = {"port_id": nic["requested_port_id"]} if nic["requested_port_id"] else {"network_id": nic["network_id"]}
    return {**what, "nic_index": nic["nic_index"]}


def _partitions(asked: Mapping[str, Any]) -> dict[str, int]:
    # In the contract a size may be text.
    return {name: int(size) for name, size in (asked.get("partitions") or {}).items()}


def _with_key(call: Call, asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The request with the public key that it names: deleting the pair later changes no server."""
    name = asked.get("key_name")
    if name is None:
        return asked
    if "public_key" in asked:
        raise Invalid("key_name and public_key exclude each other.")
    pair = call.services.db.query(lambda conn: keypairs.get(conn, call.context.user_id or "", name))
    return {**asked, "public_key": existing(pair, "key pair", repr(name))["public_key"]}


def _check_outside(call: Call, asked: Mapping[str, Any], flavor: Row) -> Mapping[str, int]:
    """Refuse what others say is not there or does not fit; the partitions that there will be."""
    gateways, project, token = call.services.gateways, str(call.context.project_id), call.context.auth_token
    image = existing(gateways.images.get_image(asked["image_uuid"].lower(), project, token), "image", asked["image_uuid"])
    check_active(image)
    check_properties(image, flavor["image_properties"] or {})
    partitions = laid_out(image, _partitions(asked), flavor["partitions"] or {})
    check_partitions(image, partitions)
    for network_id in {network["net_id"].lower() for network in asked["networks"] if "net_id" in network}:
        check_network(call, network_id, project)
    for port_id in rules.ports(asked["networks"]):
        check_port(call, port_id, project)
    return partitions
