# SPDX-License-Identifier: Apache-2.0
"""The duty of rebuilding pools whose expression changed: one conductor for all, a transaction for each chunk of nodes."""

import logging
import threading

from oslo_db.exception import DBError

from baremetal_svc.db import duties, pools
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.scheduler import rebuild

LOG = logging.getLogger(__name__)
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
        while not stopped.wait(self._interval):
            try:
                while not stopped.is_set() and self.rebuild():
                    pass
            except (Unavailable, DBError) as error:
                LOG.warning("The rebuild of pools waits: %s", error)
            except Exception:  # a bug of ours: the thread must outlive it, and the operator reads of it
                LOG.exception("The rebuild of pools failed")

    def rebuild(self) -> bool:
        """One chunk; False when no pool is behind, or another conductor has the duty.

        :raises Unavailable: the database is away; the chunks before are done.
        """
        if not self._db.query(pools.under_rebuild):
            return False
        if not self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._lease)):
            return False
        return self._db.transact(rebuild.step)
