# SPDX-License-Identifier: Apache-2.0
"""Restarts the services under the service by turns, and does what an operator would with nodes that Ironic has given up."""

import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from devstack.local import services


class Breaker:
    """One thread that stops one part at a time, some of them by kill -9, and starts it again after a few seconds."""

    def __init__(self, seed: int, database: str, ironic: Mapping[str, object], *, every: float) -> None:
        self._dice = random.Random(f"{seed}/breaker")
        self._every = every
        self._ironic = dict(ironic)
        self._parts = ["rabbitmq", "ironic-api", "ironic-conductor", "neutron", *([database] if database in services.SERVICES else [])]
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.restarts: list[tuple[float, float, str]] = []
        self.failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Everything runs again afterwards."""
        self._stopped.set()
        self._thread.join()
        if self.failure is not None:
            raise self.failure

    def _work(self) -> None:
        turn = 0
        try:
            while not self._stopped.wait(self._dice.uniform(0.7, 1.3) * self._every):
                self.restart(self._parts[turn % len(self._parts)])
                turn += 1
        except BaseException as error:
            self.failure = error

    def told(self) -> str:
        """How often each part was restarted."""
        return ", ".join(f"{part} {count}" for part, count in sorted(Counter(part for *_, part in self.restarts).items()))

    def restart(self, part: str) -> None:
        """Stop it, roughly or not, and start it again a few seconds later."""
        begin = time.time()
        if self._dice.random() < 0.5:
            with contextlib.suppress(ProcessLookupError):
                services.kill(part, signal.SIGKILL)
        services.stop(part)
        self._stopped.wait(self._dice.uniform(1, 5))
        whole = part.partition("-")[0]
        services.up(whole, **(self._ironic if whole == "ironic" else {}))
        self.restarts.append((begin, time.time(), part))


class Caretaker:
    """An operator who brings nodes back that Ironic has given up on: a cleaning that a restart of its conductor ended, say."""

    def __init__(self, nodes: Callable[[], Collection[str]], every: float = 2.0) -> None:
        self._nodes = nodes
        self._every = every
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self.repaired = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._stopped.wait(self._every):
            # Ironic itself is restarted meanwhile: what does not answer is looked at again.
            with contextlib.suppress(services.RestError, OSError):
                self._look()

    def _look(self) -> None:
        ironic = services.client("ironic")
        mine = self._nodes()
        for node in ironic.get("/nodes?detail=true&limit=1000")["nodes"]:
            if node["uuid"] not in mine:
                continue
            if node["maintenance"] and node["provision_state"] in ("clean failed", "manageable", "available"):
                ironic.delete(f"/nodes/{node['uuid']}/maintenance")
            verb = {"clean failed": "manage", "manageable": "provide"}.get(node["provision_state"])
            if node["provision_state"] == "active" and not node["instance_uuid"] and not node["protected"]:
                # Fake hardware takes a deploy without an image: a late one deploys a free node, which no claim holds any more.
                verb = "deleted"
            if verb is not None:
                ironic.put(f"/nodes/{node['uuid']}/states/provision", {"target": verb})
                self.repaired += 1
