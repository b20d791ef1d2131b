# SPDX-License-Identifier: Apache-2.0
"""The duty of keeping reservations: one conductor for all ends what is over and replaces machines that are lost, one at a time."""

import functools
import threading

from sqlalchemy import Connection

from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.db import duties, reservations
from baremetal_svc.db.session import Database
from baremetal_svc.scheduler import reserving

DUTY = "reservations"


class Steward:
    """Looks by attend(); as a duty of one conductor by keep().

    :param interval: seconds between two looks.
    """

    def __init__(self, db: Database, owner: str, *, interval: float, lease: float) -> None:
        self._db, self._owner, self._interval, self._lease = db, owner, interval, lease

    def keep(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one thread."""
        lasting = Lasting("The upkeep of reservations")
        while not stopped.wait(self._interval):
            lasting.attempt(functools.partial(self.attend, stopped), 0)

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
