# SPDX-License-Identifier: Apache-2.0
"""The duty of rebuilding pools whose expression changed: one conductor for all, a transaction for each chunk of nodes."""

import threading

from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.db import duties, pools
from baremetal_svc.db.session import Database
from baremetal_svc.scheduler import rebuild

DUTY = "pools"


class Rebuilder:
    """Looks by rebuild(); as a duty of one conductor by keep()."""

    def __init__(self, db: Database, owner: str, *, interval: float, lease: float) -> None:
        self._db = db
        self._owner = owner
        self._interval = interval
        self._lease = lease

    def keep(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one rebuilding thread."""
        lasting = Lasting("The rebuild of pools")
        while not stopped.wait(self._interval):
            while not stopped.is_set() and lasting.attempt(self.rebuild, False):
                pass

    def rebuild(self) -> bool:
        """One chunk; False when no pool is behind, or another conductor has the duty.

        :raises Unavailable: the database is away; the chunks before are done.
        """
        if not self._db.query(pools.under_rebuild):
            return False
        if not self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._lease)):
            return False
        return self._db.transact(rebuild.step)
