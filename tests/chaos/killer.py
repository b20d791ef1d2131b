# SPDX-License-Identifier: Apache-2.0
"""Kills and stops processes, and counts only those that owned a running operation at that instant: it is frozen first, then looked at."""

import contextlib
import random
import signal
import threading
import time

import sqlalchemy as sa

from tests.fixtures.cluster import Cluster

_NOW = {
    "mysql": "UNIX_TIMESTAMP(SYSDATE(6))",
    "postgresql": "EXTRACT(EPOCH FROM clock_timestamp())",
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
}
_OWNS = "SELECT COUNT(*) FROM operations WHERE state = 'running' AND owner LIKE :owner AND lease_until > "
_RUNNING = sa.text("SELECT DISTINCT owner FROM operations WHERE state = 'running'")


class Killer:
    """One thread; conductors are killed or stopped while they own something, API processes now and then (not counted)."""

    def __init__(self, cluster: Cluster, seed: int, *, conductors: int, apis: int, every: float, lease: float) -> None:
        self._cluster = cluster
        self._dice = random.Random(f"{seed}/killer")
        self._conductors = [f"conductor-{number}" for number in range(conductors)]
        self._apis = [f"api-{number}" for number in range(apis)]
        self._every = every
        self._lease = lease
        self._engine = sa.create_engine(cluster.database_url, pool_pre_ping=True)
        self._owns = sa.text(_OWNS + _NOW[self._engine.dialect.name])
        self._stopped = threading.Event()
        self._sleepers: dict[str, float] = {}
        self._thread = threading.Thread(target=self._work)
        self.killed = self.paused = self.apis_killed = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop killing; every process runs again afterwards."""
        self._stopped.set()
        self._thread.join()
        for name in list(self._sleepers):
            self._wake(name)
        self._engine.dispose()

    def _work(self) -> None:
        next_api = time.monotonic() + 5
        while not self._stopped.is_set():
            for name in [name for name, until in self._sleepers.items() if until <= time.monotonic()]:
                self._wake(name)
            if time.monotonic() > next_api:
                next_api = time.monotonic() + self._dice.uniform(15, 25)
                self._restart(self._dice.choice(self._apis))
                self.apis_killed += 1
            if self._struck():
                self._stopped.wait(self._dice.uniform(0.5, 1.5) * self._every)
            self._stopped.wait(0.05)

    def _struck(self) -> bool:
        # The database is restarted as well: what cannot be looked up is not killed.
        try:
            return self._strike()
        except sa.exc.DBAPIError:
            return False

    def _strike(self) -> bool:
        with self._engine.connect() as conn:
            owners = {owner.split(":")[0] for owner in conn.execute(_RUNNING).scalars() if owner}
        victims = sorted(owners & set(self._conductors) - set(self._sleepers))
        if not victims:
            return False
        victim = self._dice.choice(victims)
        self._cluster.signal(victim, signal.SIGSTOP)
        try:
            with self._engine.connect() as conn:
                owns = conn.execute(self._owns, {"owner": f"{victim}:%"}).scalar()
        except sa.exc.DBAPIError:
            self._cluster.signal(victim, signal.SIGCONT)
            raise
        if not owns:
            self._cluster.signal(victim, signal.SIGCONT)
            return False
        # At least one conductor stays awake, so that there is somebody to take over.
        if self._dice.random() < 0.7 or self._sleepers:
            self._restart(victim)
            self.killed += 1
        else:
            self._sleepers[victim] = time.monotonic() + self._dice.uniform(0.3, 1.7) * self._lease
            self.paused += 1
        return True

    def _restart(self, name: str) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._cluster.kill(name)
        self._cluster.start(name)

    def _wake(self, name: str) -> None:
        del self._sleepers[name]
        self._cluster.signal(name, signal.SIGCONT)
