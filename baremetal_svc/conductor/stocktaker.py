# SPDX-License-Identifier: Apache-2.0
"""The duty of counting pools: one conductor for all, a pool at a time, whichever has not been counted for long enough."""

import functools
import threading
import time

from baremetal_svc.conductor.announcing import Announcer
from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.db import capacity, duties
from baremetal_svc.db.session import Database
from baremetal_svc.scheduler.capacity import take

DUTY = "capacity"
#: It rests at least so many times as long as it has worked: large fleets are counted less often rather than at the cost of everything else.
REST = 9


class Stocktaker:
    """Looks by count(); as a duty of one conductor by keep().

    :param interval: seconds between two counts of a pool. :param depth: steps of the path that make a failure domain.
    :param days: how long the hours of history are kept.
    """

    def __init__(self, db: Database, owner: str, *, interval: float, lease: float, depth: int, days: float, announcer: Announcer) -> None:
        self._db, self._owner, self._announcer = db, owner, announcer
        self._interval, self._lease, self._depth, self._days = interval, lease, depth, days

    def keep(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one counting thread."""
        lasting, pause = Lasting("The count of pools"), self._interval
        while not stopped.wait(pause):
            begun = time.monotonic()
            lasting.attempt(functools.partial(self.count, stopped), 0)
            pause = max(self._interval, (time.monotonic() - begun) * REST)

    def count(self, stopped: threading.Event | None = None) -> int:
        """Count every pool that is due; how many. None are when another conductor has the duty.

        :raises Unavailable: the database is away; what was counted before is kept.
        """
        done = 0
        # Half of the interval: every conductor wakes at times of its own, and whoever comes first counts for all.
        for pool in self._db.query(lambda conn: capacity.due(conn, self._interval / 2)):
            if stopped is not None and stopped.is_set():
                break
            if not self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._lease)):
                break
            counted = take(self._db, pool, depth=self._depth, days=self._days)
            done += counted is not None
            if counted is not None and counted.crossed:
                self._announcer.crossed(counted.pool, total=counted.total, free=counted.free, low=counted.low, as_of=counted.as_of)
        return done
