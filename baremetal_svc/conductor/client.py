# SPDX-License-Identifier: Apache-2.0
"""Enqueues operations: the row in the caller's transaction, the wake-up from a background thread after commit. Imports no TaskFlow."""

import logging
import queue
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import oslo_messaging
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.context import RequestContext
from baremetal_svc.db import operations, servers
from baremetal_svc.domain.errors import OperationInProgress
from baremetal_svc.domain.lifecycle import LIFECYCLE

LOG = logging.getLogger(__name__)

#: The shape that the API of this version writes; the conductor's Kind must know it.
SHAPES: Mapping[str, int] = dict.fromkeys(LIFECYCLE, 1)


class Asking(Protocol):
    """Who asks, and how long each kind may take."""

    @property
    def context(self) -> RequestContext:
        """Of the request."""
        ...

    def deadline(self, kind: str) -> float | None:
        """Seconds from now until operations of the kind are stopped; None for never."""
        ...


def enqueue(conn: Connection, asking: Asking, kind: str, server_id: str, arguments: Mapping[str, Any]) -> str:
    """Insert an operation of a server and show its "during" status, in the caller's transaction; the operation's id.

    :raises OperationInProgress: another one is live; its id and kind are named.
    """
    operation_id = str(uuid.uuid4())
    values = {"live_server": server_id, **_who(asking.context, server_id)}
    try:
        with conn.begin_nested():
            _insert(conn, operation_id, kind, server_id, arguments, values, asking.deadline(kind))
    except DBDuplicateEntry as error:
        raise in_progress(conn, server_id) from error
    if LIFECYCLE[kind].during is not None:
        servers.set_columns(conn, server_id, status=LIFECYCLE[kind].during)
    return operation_id


def enqueue_first(conn: Connection, asking: Asking, kind: str, server_id: str, arguments: Mapping[str, Any]) -> str:
    """Insert the operation that makes a server which this transaction has written, in its "during" status; the operation's id."""
    operation_id = str(uuid.uuid4())
    # Nobody else knows the server yet: there is no operation to meet.
    values = {"live_server": server_id, **_who(asking.context, server_id)}
    _insert(conn, operation_id, kind, server_id, arguments, values, asking.deadline(kind))
    return operation_id


def enqueue_delete(conn: Connection, asking: Asking, server_id: str, arguments: Mapping[str, Any]) -> tuple[str, bool]:
    """Insert the delete of a server beside its live operation, which is asked to stop; (operation id, whether it is new).

    A second delete is the same operation.
    """
    live_delete = operations.live_delete_of(conn, server_id)
    if live_delete is not None:
        return live_delete["id"], False
    # Locked: were it to end between this look and our insert, nobody would wake what is blocked by it.
    live = operations.live_of(conn, server_id, lock=True)
    operation_id = str(uuid.uuid4())
    values = {"live_delete": server_id, "blocked_by": None if live is None else live["id"], **_who(asking.context, server_id)}
    _insert(conn, operation_id, "servers.delete", server_id, arguments, values, asking.deadline("servers.delete"))
    if live is not None:
        operations.request_cancel(conn, live["id"])
    servers.set_columns(conn, server_id, status=LIFECYCLE["servers.delete"].during)
    return operation_id, True


def enqueue_release(conn: Connection, claim: Mapping[str, Any], arguments: Mapping[str, Any], request_id: str | None) -> None:
    """Insert the durable release of a claim; again is a no-op."""
    try:
        with conn.begin_nested():
            # Of no project: tenants see no nodes, and their server is gone when this begins to clean.
            values = {"live_release": claim["id"], "project_id": None, "request_id": request_id, "user_id": None}
            _insert(conn, str(uuid.uuid4()), "nodes.release", claim["id"], arguments, values, LIFECYCLE["nodes.release"].deadline)
    except DBDuplicateEntry:
        LOG.debug("Claim %s is being released already", claim["id"])


def in_progress(conn: Connection, server_id: str) -> OperationInProgress:
    """The refusal that names the operation that is in the way."""
    live = operations.live_delete_of(conn, server_id) or operations.live_of(conn, server_id)
    if live is None:
        return OperationInProgress(f"Another operation of server {server_id} has just ended.", hint="Try again.")
    hint = f"Wait for it: GET /v1/operations/{live['id']}?wait=30 (microversion 1.2)."
    return OperationInProgress(f"Operation {live['id']} ({live['kind']}) of server {server_id} is in progress.", hint=hint)


def _insert(
    conn: Connection,
    operation_id: str,
    kind: str,
    target_id: str,
    arguments: Mapping[str, Any],
    values: Mapping[str, Any],
    deadline: float | None,
) -> None:
    row = {"id": operation_id, "kind": kind, "shape": SHAPES[kind], "target_id": target_id, "arguments": dict(arguments), **values}
    operations.insert(conn, row, deadline=deadline)


def _who(context: RequestContext, server_id: str) -> dict[str, Any]:
    # Of the project that has the server, whoever asked: its members follow it, and what it makes is theirs.
    return {"request_id": context.global_id, "user_id": context.user_id, "of_server": server_id}


class Waker:
    """Casts wake-ups from a thread of its own with a one-slot queue: a slow or dead bus never holds a request."""

    def __init__(self, cast: Callable[[str], None]) -> None:
        self._cast = cast
        self._slot: queue.Queue[str | None] = queue.Queue(maxsize=1)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def wake(self, operation_id: str) -> None:
        """Tell the conductors after commit. A full slot is fine: one wake-up makes a conductor look for all due operations."""
        with self._lock:
            # Started late, since a thread that was started before a fork does not exist in the child.
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="waker", daemon=True)
                self._thread.start()
        try:
            self._slot.put_nowait(operation_id)
        except queue.Full:
            LOG.debug("A wake-up is on its way already")

    def _work(self) -> None:
        while (operation_id := self._slot.get()) is not None:
            try:
                self._cast(operation_id)
            except Exception as error:  # drivers have errors of their own, and this thread is the only one
                LOG.warning("The bus did not take a wake-up, conductors will find the operation by polling: %s", error)


def bus_waker(client: oslo_messaging.RPCClient) -> Waker:
    """A waker over the bus."""
    return Waker(lambda operation_id: client.cast({}, "run", operation_id=operation_id))
