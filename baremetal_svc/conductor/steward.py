# SPDX-License-Identifier: Apache-2.0
"""The duty of keeping reservations: one conductor for all ends what is over and replaces machines that are lost, one at a time."""

import functools
import logging
import threading

from oslo_db.exception import DBError
from sqlalchemy import Connection

from baremetal_svc.db import duties, reservations
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.scheduler import reserving

LOG = logging.getLogger(__name__)
DUTY = "reservations"


class Steward:
    """Looks by attend(); as a duty of one conductor by keep().

    :param interval: seconds between two looks.
    """

    def __init__(self, db: Database, owner: str, *, interval: float, lease: float) -> None:
        self._db, self._owner, self._interval, self._lease = db, owner, interval, lease

    def keep(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one thread."""
        while not stopped.wait(self._interval):
            try:
                self.attend(stopped)
            except (Unavailable, DBError) as error:
                LOG.warning("Reservations wait: %s", error)
            except Exception:  # a bug of ours: the thread must outlive it, and the operator reads of it
                LOG.exception("Reservations could not be kept")

    def attend(self, stopped: threading.Event | None = None) -> int:
        """Look at each reservation that needs it, in a transaction of its own; how many. None when another conductor has the duty.

        :raises Unavailable: the database is away; what was done before stays done.
        """
        done = 0
        for reservation_id in self._db.query(reservations.to_look_at):
            if stopped is not None and stopped.is_set():
                break
            if not self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._lease)):
                break
            self._db.transact(functools.partial(self._keep, reservation_id))
            done += 1
        return done

    def _keep(self, reservation_id: str, conn: Connection) -> None:
        reserving.keep(conn, reservation_id, skips_locked=self._db.skips_locked)
