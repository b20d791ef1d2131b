# SPDX-License-Identifier: Apache-2.0
"""The use cases of key pairs. A private key goes into the answer that made it and nowhere else."""

import uuid

from sqlalchemy import Connection

from baremetal_svc.api import idempotency, quota
from baremetal_svc.api.call import Call
from baremetal_svc.db import keypairs
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, Forbidden, existing
from baremetal_svc.domain.quota import KEYPAIRS
from baremetal_svc.features.keypairs import rules


def create(call: Call) -> tuple[Row, str | None]:
    """Import the public key of the body, or generate a pair: its row, and the private key of a new one.

    :raises Invalid: no public key. :raises Forbidden: for another user. :raises OverQuota: :raises IdempotencyMismatch:
    :raises Conflict: the name is taken, or the request made the pair before: its private key was shown then.
    """
    user_id = _user(call, call.body.get("user_id"))
    kind, imported = call.body.get("type", rules.SSH), call.body.get("public_key")
    public: str | None = None if imported is None else rules.read(kind, imported)
    private: str | None = None

    def get(conn: Connection, pair_id: str) -> Row | None:
        return keypairs.by_id(conn, pair_id, user_id)

    def make(conn: Connection) -> Row:
        limits.grant(conn, (KEYPAIRS,))
        pair_id = str(uuid.uuid4())
        values = {"id": pair_id, "user_id": user_id, "name": call.body["name"], "type": kind}
        keypairs.insert(conn, {**values, "public_key": public, "fingerprint": rules.fingerprint(kind, str(public))})
        return existing(get(conn, pair_id), "key pair", pair_id)

    replayed = idempotency.replay(call, get)
    if replayed is not None:
        return _again(replayed, imported), None
    limits = quota.ask(call, user_id=user_id)
    if public is None:
        # Before the transaction: it takes a tenth of a second and more.
        made = rules.generate(kind, user_id)
        public, private = made.public, made.private
    row, new = idempotency.once(call, get, make, f"You have a key pair named {call.body['name']!r}.")
    return row if new else _again(row, imported), private


def page(call: Call, limit: int) -> list[Row]:
    """Key pairs of the caller, or of the user that an operator names, by name. :raises Forbidden:"""
    user_id = _user(call, call.query.get("user_id"))
    return call.services.db.query(lambda conn: keypairs.page(conn, user_id, limit=limit, marker=call.query.get("marker")))


def show(call: Call, name: str) -> Row:
    """:raises NotFound: :raises Forbidden: another user's."""
    user_id = _user(call, call.query.get("user_id"))
    return call.services.db.query(lambda conn: existing(keypairs.get(conn, user_id, name), "key pair", repr(name)))


def delete(call: Call, name: str) -> None:
    """Machines that have the public key keep it. :raises NotFound: :raises Forbidden: another user's."""
    user_id = _user(call, call.query.get("user_id"))

    def work(conn: Connection) -> None:
        existing(keypairs.get(conn, user_id, name), "key pair", repr(name))
        keypairs.forget(conn, user_id, name)

    call.services.db.transact(work)


def _again(row: Row, imported: str | None) -> Row:
    """What a replay answers. :raises Conflict: a pair that was generated."""
    if imported is None:
        hint = "Its private key was shown then and is kept nowhere: delete the pair and make it again under a new key."
        raise Conflict(f"This request has made the key pair {row['name']!r} before.", hint=hint)
    return row


def _user(call: Call, asked: str | None) -> str:
    own = call.context.user_id or ""
    if asked is None or asked == own or call.context.is_operator:
        return asked or own
    raise Forbidden("Key pairs of other users are not shown.", hint="Leave user_id out.")
