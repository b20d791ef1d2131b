# SPDX-License-Identifier: Apache-2.0
"""The duty of watching Ironic: one bulk listing by one conductor wakes every operation that waits for a node."""

import functools
import threading
import time
from collections.abc import Callable

from baremetal_svc import metrics
from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.db import duties, operations
from baremetal_svc.db.session import Database
from baremetal_svc.domain.failure_domain import Switches
from baremetal_svc.gateways.protocols import Ironic
from baremetal_svc.scheduler import inventory

DUTY = "inventory"
#: Seconds between two listings, however often Ironic notifies.
AT_LEAST = 0.2


class Watcher:
    """Lists Ironic often while operations wait for nodes, seldom at rest; only in the process that has the duty."""

    def __init__(
        self,
        db: Database,
        ironic: Ironic,
        owner: str,
        *,
        busy: float,
        idle: float,
        lease: float,
        woke: Callable[[], None],
        switches: Switches,
    ) -> None:
        self._db = db
        self._ironic = ironic
        self._owner = owner
        self._busy = busy
        self._idle = idle
        self._lease = lease
        self._woke = woke
        self._switches = switches
        self._next_full = 0.0
        self._hinted = threading.Event()

    def hint(self) -> None:
        """Something happened at Ironic: look at once. Also ends the wait of watch() when the process stops."""
        self._hinted.set()

    def watch(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one watching thread."""
        lasting, hinted = Lasting("The inventory"), False
        while not stopped.is_set():
            lasting.attempt(functools.partial(self.look, hinted=hinted), False)
            # Ironic notifies several times for each change: one listing for all that come in the meantime.
            stopped.wait(min(AT_LEAST, self._busy))
            hinted = self._hinted.wait(max(0.0, self._busy - AT_LEAST))
            self._hinted.clear()

    def look(self, *, hinted: bool = False) -> bool:
        """One look, a full one when its time has come; True when Ironic was listed.

        :param hinted: Ironic notified this process: it looks without asking whose duty it is, since others were not told.
        :raises Unavailable: Ironic or the database is away.
        """
        full = time.monotonic() >= self._next_full
        if not full and not self._db.query(operations.waiting_nodes):
            return False
        # Longer than any listing: a second process may list as well after a long one, which costs time but harms nothing.
        mine = (full or not hinted) and self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._lease))
        if not mine and not hinted:
            return False
        with metrics.listing():
            woken = inventory.sync(self._db, self._ironic, with_ports=full and mine, switches=self._switches)
        if full and mine:
            self._next_full = time.monotonic() + self._idle
        self._conclude(woken)
        return True

    def _conclude(self, woken: list[str]) -> None:
        if woken:
            self._woke()
