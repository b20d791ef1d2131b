# SPDX-License-Identifier: Apache-2.0
"""One run of one operation under one lease: the fence for every write, the check before every send, the signs to stop."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from baremetal_svc.conductor.interruptions import LeaseLost, NotYet, Outage
from baremetal_svc.db import operations, rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.session import AWAY, Database
from baremetal_svc.domain.errors import Cancelled, DeadlineExceeded, Unavailable

T = TypeVar("T")


class Lease:
    """How long the operation is ours, by this process's monotonic clock; renewed by one thread for all runs."""

    def __init__(self, seconds: float, taken_at: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._until = taken_at + seconds
        self._lost = False

    def renewed(self, at: float) -> None:
        """The database granted it anew in a transaction begun at this monotonic time."""
        self._until = at + self._seconds

    def lose(self) -> None:
        """The database said that it is another's."""
        self._lost = True

    def check(self, needed: float = 0.0) -> None:
        """Go on only while the lease holds for the needed seconds more.

        :raises LeaseLost:
        """
        if self._lost or self._clock() + needed >= self._until:
            raise LeaseLost("The lease ran out or is another's.")


class Run:
    """What a task may use besides its gateways; the runner binds it to every task of the flow."""

    def __init__(self, db: Database, operation: rows.Row, lease: Lease, *, cancellable: bool, stopping: threading.Event) -> None:
        self.db = db
        self.operation = operation
        self.id: str = operation["id"]
        self.generation: int = operation["generation"]
        self.lease = lease
        self._cancellable = cancellable
        self._stopping = stopping
        self._cancel = bool(operation["cancel_requested"])
        self._late = False
        self._deferred: list[Callable[[Connection], None]] = []

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A writing transaction that holds the operation's row: refused when the generation is not ours any more.

        :raises LeaseLost:
        :raises Outage: the database is away.
        """
        try:
            with self.db.write() as conn:
                self.hold(conn)
                yield conn
        except AWAY as error:
            raise Outage("The database does not answer.") from error
        self._deferred.clear()

    def transact(self, work: Callable[[Connection], T]) -> T:
        """The same for one function, again after a deadlock.

        :raises LeaseLost:
        :raises Outage:
        """

        def held(conn: Connection) -> T:
            self.hold(conn)
            return work(conn)

        try:
            done = self.db.transact(held)
        except Unavailable as error:
            raise Outage(error.detail) from error
        self._deferred.clear()
        return done

    def defer(self, write: Callable[[Connection], None]) -> None:
        """Write in the next transaction of this run, whichever that is; until one is committed, in each of them."""
        self._deferred.append(write)

    def query(self, work: Callable[[Connection], T]) -> T:
        """Read.

        :raises Outage:
        """
        try:
            return self.db.query(work)
        except Unavailable as error:
            raise Outage(error.detail) from error

    def hold(self, conn: Connection) -> None:
        """Lock the operation's row under our generation, and write what was deferred.

        :raises LeaseLost:
        """
        if not operations.fence(conn, self.id, self.generation):
            self.lease.lose()
            raise LeaseLost("Another conductor has the operation.")
        for write in self._deferred:
            write(conn)

    def look(self, conn: Connection) -> None:
        """Read the signs to stop: when the run begins, and with the save that precedes each task."""
        self._cancel, self._late = operations.asked_to_stop(conn, self.id)

    def check_stop(self) -> None:
        """Fail the task about to begin when the operation was cancelled or is past its deadline.

        :raises Cancelled:
        :raises DeadlineExceeded:
        :raises NotYet: this conductor stops; another one goes on from here.
        """
        if self._stopping.is_set():
            raise NotYet("The conductor stops.", seconds=0)
        if self._cancel and self._cancellable:
            raise Cancelled("The operation was cancelled.")
        if self._late:
            raise DeadlineExceeded("The operation did not end within its deadline.")

    def database_time(self) -> float:
        """Seconds since the epoch by the database's clock.

        :raises Outage:
        """
        return float(self.query(lambda conn: conn.execute(select(now())).scalar_one()))


class Guarded:
    """A gateway as a run sees it: an outage interrupts the run instead of failing the task."""

    def __init__(self, gateway: object) -> None:
        self._gateway = gateway

    def __getattr__(self, name: str) -> Callable[..., Any]:
        method = getattr(self._gateway, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            try:
                return method(*args, **kwargs)
            except Unavailable as error:
                raise Outage(error.detail) from error

        return call
