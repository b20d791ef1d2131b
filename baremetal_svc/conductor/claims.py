# SPDX-License-Identifier: Apache-2.0
"""Takes due operations with a lease and a fence, and keeps the leases of those that run."""

import threading
import time
from collections.abc import Callable, Mapping

from sqlalchemy import Connection

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.conductor.run import Lease
from baremetal_svc.db import operations, rows
from baremetal_svc.db.session import Database


class Claims:
    """The operations that this conductor owns now."""

    def __init__(
        self, db: Database, known: Mapping[str, Kind], owner: str, lease_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._db = db
        self._known = [(name, kind.shape) for name, kind in known.items()]
        self._owner = owner
        self._seconds = lease_seconds
        self._clock = clock
        self._held: dict[str, tuple[int, Lease]] = {}
        self._lock = threading.Lock()

    def take(self, limit: int) -> list[tuple[rows.Row, Lease]]:
        """Claim up to so many due operations in one transaction.

        :raises Unavailable: the database is away.
        """
        begun = self._clock()
        taken = self._db.transact(lambda conn: self._take(conn, limit))
        leases = [(row, Lease(self._seconds, begun, self._clock)) for row in taken]
        with self._lock:
            self._held.update({row["id"]: (row["generation"], lease) for row, lease in leases})
        return leases

    def drop(self, operation_id: str, generation: int) -> None:
        """The run is over: renew its lease no more."""
        with self._lock:
            if operation_id in self._held and self._held[operation_id][0] == generation:
                del self._held[operation_id]

    def renew(self) -> None:
        """Renew every lease in one transaction; those that are another's are lost at once.

        :raises Unavailable: the database is away; the leases then run out by themselves.
        """
        with self._lock:
            held = dict(self._held)
        if not held:
            return
        begun = self._clock()
        generations = {operation_id: generation for operation_id, (generation, _) in held.items()}
        ours = self._db.transact(lambda conn: operations.renew(conn, generations, self._seconds))
        for operation_id, (_, lease) in held.items():
            if operation_id in ours:
                lease.renewed(begun)
            else:
                lease.lose()

    def keep(self, stopped: threading.Event) -> None:
        """Renew three times a lease until told to stop: the body of the one renewing thread."""
        lasting = Lasting("The renewal of leases")
        while not stopped.wait(self._seconds / 3):
            lasting.attempt(self.renew, None)

    def _take(self, conn: Connection, limit: int) -> list[rows.Row]:
        ids = operations.due(conn, self._known, limit, skip_locked=self._db.skips_locked)
        mine = [operation_id for operation_id in ids if operations.take(conn, operation_id, self._owner, self._seconds)]
        return [row for operation_id in mine if (row := operations.get(conn, operation_id)) is not None]
