# SPDX-License-Identifier: Apache-2.0
"""The conductor process: threads that take, run, renew and watch; a graceful stop lets running tasks end and parks the rest."""

import functools
import logging
import threading
import uuid
from collections.abc import Callable
from concurrent import futures
from typing import Any

import oslo_messaging

from baremetal_svc import messaging
from baremetal_svc.conductor.claims import Claims
from baremetal_svc.conductor.endpoint import Endpoint, Notified
from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.conductor.rebuilder import Rebuilder
from baremetal_svc.conductor.reconciler import Reconciler
from baremetal_svc.conductor.run import Lease
from baremetal_svc.conductor.runner import Runner
from baremetal_svc.conductor.steward import Steward
from baremetal_svc.conductor.stocktaker import Stocktaker
from baremetal_svc.conductor.watcher import Watcher
from baremetal_svc.db import duties, rows
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import Unavailable

LOG = logging.getLogger(__name__)
#: Seconds for leaving a bus, once all else has stopped.
BUS_PATIENCE = 3.0


def new_owner(host: str) -> str:
    """A name for this incarnation of a conductor: a restarted one is another."""
    return f"{host}:{uuid.uuid4()}"


class Conductor:
    """Takes due operations and runs them in a pool of threads. Waiting operations have none."""

    def __init__(
        self, db: Database, runner: Runner, claims: Claims, owner: str, *, workers: int, poll_interval: float, drain: float
    ) -> None:
        self._db = db
        self._runner = runner
        self._claims = claims
        self._owner = owner
        self._poll = poll_interval
        self._drain = drain
        self._pool = futures.ThreadPoolExecutor(workers, thread_name_prefix="flow")
        self._free = threading.Semaphore(workers)
        self._due = threading.Event()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        #: Held by the thread that takes, from its first look to its last.
        self._taking = threading.Lock()
        self._servers: list[oslo_messaging.server.MessageHandlingServer] = []
        self.watcher: Watcher | None = None
        self.reconciler: Reconciler | None = None
        self.rebuilder: Rebuilder | None = None
        self.steward: Steward | None = None
        self.stocktaker: Stocktaker | None = None

    def wake(self) -> None:
        """Look for due operations now instead of at the next poll."""
        self._due.set()

    def start(self) -> None:
        """Start the threads and return."""
        self._spawn("take", self._take_all)
        self._spawn("renew", lambda: self._claims.keep(self._stopped))
        if self.watcher is not None:
            self._spawn("watch", functools.partial(self.watcher.watch, self._stopped))
        if self.reconciler is not None:
            self._spawn("reconcile", functools.partial(self.reconciler.keep, self._stopped))
        if self.rebuilder is not None:
            self._spawn("rebuild", functools.partial(self.rebuilder.keep, self._stopped))
        if self.steward is not None:
            self._spawn("reserve", functools.partial(self.steward.keep, self._stopped))
        if self.stocktaker is not None:
            self._spawn("count", functools.partial(self.stocktaker.keep, self._stopped))

    def listen(self, transport: oslo_messaging.Transport, host: str) -> None:
        """Serve wake-ups from the bus; a bus that is away is tried again, polling goes on meanwhile."""
        server = messaging.server(transport, host, Endpoint(self.wake))
        self._serve("listen", server)

    def hear(self, transport: oslo_messaging.Transport) -> None:
        """Listen to Ironic's notifications on its bus; each makes the watcher look at once."""
        if self.watcher is None:
            return
        self._serve("hear", messaging.listener(transport, Notified(self.watcher.hint)))

    def stop(self) -> None:
        """Take no more, let running flows come to their next wait or end, give the duties back."""
        self._stopped.set()
        self._due.set()
        if self.watcher is not None:
            self.watcher.hint()
        # At once, so that wake-ups go to others; a bus that is away keeps it for long, and nothing waits for that.
        leaving = [threading.Thread(target=server.stop, name="leave", daemon=True) for server in self._servers]
        for thread in leaving:
            thread.start()
        self._runner.stopping.set()
        # What has been taken by now is run, to its first step at most, which hands it over: else it would cost a lease.
        with self._taking:
            self._pool.shutdown(wait=True)
        for thread in tuple(self._threads):
            thread.join(timeout=self._drain)
        self._runner.announcer.close()
        try:
            self._db.transact(lambda conn: duties.release(conn, self._owner))
        except Unavailable as error:
            LOG.warning("Duties were not given back, their leases will run out: %s", error)
        for thread in leaving:
            thread.join(BUS_PATIENCE)

    def _spawn(self, name: str, body: Callable[[], Any]) -> None:
        """Start a thread, unless it is to stop already: a stop may come in the middle of the start, and joins only what runs."""
        if not self._stopped.is_set():
            thread = threading.Thread(target=body, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def _serve(self, name: str, server: oslo_messaging.server.MessageHandlingServer) -> None:
        self._servers.append(server)
        # Not among the threads that a stop waits for: it may be trying to reach the bus.
        threading.Thread(target=self._listen, args=(server,), name=name, daemon=True).start()

    def _listen(self, server: oslo_messaging.server.MessageHandlingServer) -> None:
        while not self._stopped.is_set():
            try:
                server.start()
                return
            except Exception as error:  # drivers have errors of their own; without this thread no wake-up is heard
                LOG.warning("The bus is away, trying again: %s", error)
                self._stopped.wait(1)

    def _take_all(self) -> None:
        lasting = Lasting("The taking of operations")
        with self._taking:
            while not self._stopped.is_set():
                if not lasting.attempt(self._take, 0):
                    self._due.wait(self._poll)
                    self._due.clear()

    def _take(self) -> int:
        slots = 0
        while self._free.acquire(blocking=slots == 0, timeout=None if slots else self._poll):
            slots += 1
        taken: list[tuple[rows.Row, Lease]] = []
        try:
            taken = self._claims.take(slots) if slots and not self._stopped.is_set() else []
        finally:
            for _ in range(slots - len(taken)):
                self._free.release()
        for operation, lease in taken:
            self._pool.submit(self._run, operation, lease)
        return len(taken)

    def _run(self, operation: rows.Row, lease: Lease) -> None:
        try:
            self._runner.run(operation, lease)
        finally:
            self._claims.drop(operation["id"], operation["generation"])
            self._free.release()
            # What this run has unblocked, or inserted, may be due now.
            self._due.set()
