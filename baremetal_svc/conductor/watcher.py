# SPDX-License-Identifier: Apache-2.0
"""The duty of watching Ironic: one bulk listing by one conductor wakes every operation that waits for a node."""

import logging
import threading
import time
from collections.abc import Callable

from baremetal_svc.db import duties, operations
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import ServiceError, Unavailable
from baremetal_svc.gateways.protocols import Ironic
from baremetal_svc.scheduler import inventory

LOG = logging.getLogger(__name__)
DUTY = "inventory"


class Watcher:
    """Lists Ironic often while operations wait for nodes, seldom at rest; only in the process that has the duty."""

    def __init__(
        self, db: Database, ironic: Ironic, owner: str, *, busy: float, idle: float, lease: float, woke: Callable[[], None]
    ) -> None:
        self._db = db
        self._ironic = ironic
        self._owner = owner
        self._busy = busy
        self._idle = idle
        self._lease = lease
        self._woke = woke
        self._next_full = 0.0

    def watch(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one watching thread."""
        while not stopped.wait(self._busy):
            try:
                self.look()
            except Unavailable as error:
                LOG.warning("The inventory waits: %s", error)
            except ServiceError as error:
                LOG.error("Ironic refused the listing: %s", error)

    def look(self) -> bool:
        """One look, a full one when its time has come; True when Ironic was listed.

        :raises Unavailable: Ironic or the database is away.
        """
        full = time.monotonic() >= self._next_full
        if not full and not self._db.query(operations.waiting_nodes):
            return False
        # Longer than any listing: a second process may list as well after a long one, which costs time but harms nothing.
        if not self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._lease)):
            return False
        woken = inventory.sync(self._db, self._ironic, with_ports=full)
        if full:
            self._next_full = time.monotonic() + self._idle
        if woken:
            self._woke()
        return True
