# SPDX-License-Identifier: Apache-2.0
"""The use cases of rebuild, retry and reset. Nothing of the server is changed before the operation does it (defect 32 of Mogan)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api import quota, secrets
from baremetal_svc.api.call import Call
from baremetal_svc.api.quota import Quota
from baremetal_svc.conductor import client
from baremetal_svc.db import claims, flavors, keypairs, nodes, operations, reservations, servers
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, Invalid, existing
from baremetal_svc.domain.image import check_active, check_partitions, check_properties
from baremetal_svc.domain.lifecycle import check_allowed
from baremetal_svc.domain.reservation import check_lasting
from baremetal_svc.domain.server import Status, check_unlocked, check_workable
from baremetal_svc.features.rebuild import rules

#: Kinds that ask nothing of the machine that its maintenance would stand against.
_LETTING_GO = ("servers.delete", "adoption.release")


def rebuild(call: Call, server_id: str) -> str:
    """Enqueue the rebuild; the operation's id.

    :raises NotFound: server or image. :raises Invalid: the image does not fit the server's partitions, or its flavor.
    :raises Conflict: status, lock, image not active, another operation, no machine, maintenance.
    """
    row, flavor = call.services.db.query(lambda conn: _with_flavor(conn, call, server_id))
    image_id = call.body.get("image_uuid", row["image_id"]).lower()
    if not image_id:
        raise Invalid(f"Server {server_id} was adopted with no image of ours.", hint="Name one: image_uuid.")
    # With the caller's token only in its own project: an operator's sees every image.
    token = call.context.auth_token if row["project_id"] == call.context.project_id else None
    image = existing(call.services.gateways.images.get_image(image_id, row["project_id"], token), "image", image_id)
    check_active(image)
    if image_id != row["image_id"]:
        # What it has it keeps, whatever its flavor has come to say since.
        check_properties(image, (flavor or {}).get("image_properties") or {})
    check_partitions(image, row["partitions"])

    def work(conn: Connection) -> str:
        server, claim = _rebuildable(conn, call, server_id)
        arguments: dict[str, Any] = {
            "server_id": server_id,
            "node_id": claim["node_id"],
            "claim_id": claim["id"],
            "image_id": image_id,
            "partitions": server["partitions"],
            "setup": server["setup"] or {},
            "preserve_ephemeral": bool(call.body.get("preserve_ephemeral")),
        }
        return client.enqueue(conn, call, "rebuild.deploy", server_id, arguments)

    operation_id = call.services.db.transact(work)
    call.services.wake(operation_id)
    return operation_id


def _with_flavor(conn: Connection, call: Call, server_id: str) -> tuple[Row, Row | None]:
    """The server that can be rebuilt and its flavor; one that was adopted has none. :raises NotFound: :raises Conflict:"""
    row, _ = _rebuildable(conn, call, server_id)
    return row, flavors.get(conn, row["flavor_id"])


def _rebuildable(conn: Connection, call: Call, server_id: str) -> tuple[Row, Row]:
    """The server, locked for this transaction, and its claim. :raises NotFound: :raises Conflict:"""
    row = _resting(conn, call, server_id)
    check_allowed("rebuild.deploy", row["status"])
    claim = claims.live_of(conn, server_id)
    check_workable(row, None if claim is None else nodes.get(conn, claim["node_id"]))
    return row, existing(claim, "machine of server", server_id)


def _resting(conn: Connection, call: Call, server_id: str) -> Row:
    """The server, locked for this transaction, when nothing of it goes on. :raises NotFound: :raises Conflict:"""
    row = existing(servers.get(conn, server_id, call.visible_project, lock=True), "server", server_id)
    check_unlocked(row, is_operator=call.context.is_operator)
    if operations.live_of(conn, server_id) or operations.live_delete_of(conn, server_id):
        raise client.in_progress(conn, server_id)
    return row


def retry(call: Call, server_id: str) -> str:
    """Begin again what brought the server to ``error``, with the arguments that it had; the operation's id.

    :raises NotFound: unknown or foreign. :raises Invalid: user data or files are no base64. :raises OverQuota: of its pools.
    :raises Conflict: not in error, nothing to retry, a secret has to be given again, locked, another operation.
    """
    secrets.check(call.body)
    owner = call.services.db.query(lambda conn: existing(servers.get(conn, server_id, call.visible_project), "server", server_id))
    limits = quota.ask(call, owner["project_id"])

    def work(conn: Connection) -> str:
        row = _resting(conn, call, server_id)
        if row["status"] != Status.ERROR:
            raise Conflict(f"Server {server_id} is {row['status']}, not error.", hint="Only what failed can be retried.")
        failed = operations.last_of(conn, server_id, rules.OF_STATUS)
        if failed is None or not rules.can_be_retried(failed):
            raise Conflict(f"Nothing of server {server_id} can be retried.", hint="Rebuild or delete it.")
        if (node_id := failed["arguments"].get("node_id")) is not None and failed["kind"] not in _LETTING_GO:
            check_workable(row, nodes.get(conn, node_id))
        if failed["kind"] == "servers.delete":
            return client.enqueue_delete(conn, call, server_id, failed["arguments"])[0]
        given = secrets.of(call.body)
        if failed["kind"] == "servers.create":
            given = _given_again(conn, row, failed["arguments"], given)
        # On its own: the batch that it was one of is over.
        arguments = {name: value for name, value in failed["arguments"].items() if name != "batch_id"}
        if failed["kind"] == "servers.create" and claims.live_of(conn, server_id) is None:
            _check_place(conn, limits, arguments)
        operation_id = client.enqueue(conn, call, failed["kind"], server_id, arguments)
        secrets.put(conn, call.services.vault, operation_id, given)
        return operation_id

    operation_id = call.services.db.transact(work)
    call.services.wake(operation_id)
    return operation_id


def _check_place(conn: Connection, limits: Quota, arguments: dict[str, Any]) -> None:
    """What a create would be refused for. :raises OverQuota: its pools. :raises Conflict: its reservation is over."""
    if arguments.get("reservation_id") is not None:
        reserved = existing(reservations.get(conn, arguments["reservation_id"]), "reservation", arguments["reservation_id"])
        check_lasting(reserved, "Delete the server, and create another one without the reservation.")
    elif arguments["pool_ids"]:
        arguments["pool_ids"], _ = limits.draw(conn, arguments["pool_ids"], 1, 1)


def _given_again(conn: Connection, server: Row, arguments: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """The secrets of a create once more: they were deleted when it ended. A key pair is found by its name.

    :raises Conflict: one is missing.
    """
    pair = keypairs.get(conn, server["user_id"], server["key_name"]) if server["key_name"] else None
    found = {**({} if pair is None else {"public_key": pair["public_key"]}), **given}
    missing = rules.missing_secrets(arguments, found)
    if missing:
        words = ", ".join(secrets.WORDS[name] for name in missing)
        raise Conflict(f"The create had {words}, which is not kept after its end.", hint=f"Give it again in the same request: {words}.")
    return {name: value for name, value in found.items() if name in given or name in arguments.get("secret_names", ())}


def reset(call: Call, server_id: str) -> str:
    """Set the status of a server to what its machine shows; that status.

    :raises NotFound: unknown. :raises Conflict: an operation is going on.
    """

    def work(conn: Connection) -> str:
        row = _resting(conn, call, server_id)
        node = None if row["node_id"] is None else nodes.get(conn, row["node_id"])
        status = rules.shown_by(node, server_id)
        power_state = row["power_state"] if node is None else node["power_state"]
        servers.set_columns(conn, server_id, status=status, power_state=power_state)
        return str(status)

    return call.services.db.transact(work)
