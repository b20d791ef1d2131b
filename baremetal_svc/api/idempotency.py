# SPDX-License-Identifier: Apache-2.0
"""Idempotency-Key on POST: a replay of a request answers what the first one made and makes nothing."""

import hashlib
from collections.abc import Callable

import orjson
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import idempotency
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.errors import Conflict, IdempotencyMismatch, OverQuota, TooFewFree

Get = Callable[[Connection, str], Row | None]
Make = Callable[[Connection], Row]


def replay(call: Call, get: Get) -> Row | None:
    """What an earlier request with the same key made, or None: asked before anything outside is looked up.

    :raises IdempotencyMismatch: the key came with another request, or what it made is deleted.
    """
    return None if call.idempotency_key is None else call.services.db.query(lambda conn: _replayed(conn, call, get))


def once(call: Call, get: Get, make: Make, taken: str) -> tuple[Row, bool]:
    """What the request makes, and whether it was made now; ``make`` runs in one transaction with the note of the key.

    :raises IdempotencyMismatch: the key came with another request, or what it made is deleted.
    :raises Conflict: a name is taken (``taken`` says so). :raises OverQuota: :raises TooFewFree: ``make`` says so.
    """

    def work(conn: Connection) -> Row:
        row = make(conn)
        if call.idempotency_key is not None:
            idempotency.remember(conn, _project(call), _key(call), _fingerprint(call), row["id"])
        return row

    replayed = replay(call, get)
    if replayed is not None:
        return replayed, False
    try:
        return call.services.db.transact(work), True
    except DBDuplicateEntry as error:
        # The same key at the same moment is a replay as well; anything else is a name.
        replayed = replay(call, get)
        if replayed is not None:
            return replayed, False
        raise Conflict(taken, hint="Choose another name.") from error
    except (OverQuota, TooFewFree):
        # The same key at the same moment may have taken what was left.
        replayed = replay(call, get)
        if replayed is not None:
            return replayed, False
        raise


def _replayed(conn: Connection, call: Call, get: Get) -> Row | None:
    found = idempotency.find(conn, _project(call), _key(call))
    if found is None:
        return None
    if found["fingerprint"] != _fingerprint(call):
        raise IdempotencyMismatch("This Idempotency-Key came with another request before.")
    row = get(conn, found["resource_id"])
    if row is None:
        raise IdempotencyMismatch(f"This Idempotency-Key made {found['resource_id']}, which is deleted by now.")
    return row


def _key(call: Call) -> str:
    """The key of this user: another user's request with the same one is another request. As a digest, since it may fill its column."""
    return hashlib.sha256(f"{call.context.user_id}\0{call.idempotency_key}".encode()).hexdigest()


def _fingerprint(call: Call) -> str:
    return hashlib.sha256(orjson.dumps([call.path, call.version, call.body], option=orjson.OPT_SORT_KEYS)).hexdigest()


def _project(call: Call) -> str:
    return str(call.context.project_id)
