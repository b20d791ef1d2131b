# SPDX-License-Identifier: Apache-2.0
"""Clients that create, power, delete, cancel and retry at random, replay their keys, and go to the other API process when one is dead."""

import random
import threading
import uuid
from typing import Any

from tests.fixtures.cluster import IMAGE, Cluster

APIS = 2
#: Whom clients choose among. Servers that found no machine are soon the most; chosen like the others they would be all that is touched,
#: while the machines stay with those that have them.
CHOSEN = {"status=active&": 5, "status=stopped&": 2, "status=error&": 3, "": 3}


class Load:
    """Threads of clients; what they were told is kept for the invariants."""

    def __init__(self, cluster: Cluster, flavor: str, seed: int, clients: int = 4) -> None:
        self._cluster = cluster
        self._flavor = flavor
        self._network = cluster.network()
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self.made: dict[str, set[str]] = {}
        self.operations = 0
        self.unexpected: list[str] = []
        self._threads = [threading.Thread(target=self._work, args=(random.Random(f"{seed}/{n}"),)) for n in range(clients)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def _work(self, dice: random.Random) -> None:
        while not self._stopped.is_set():
            action = dice.choices((self._create, self._power, self._delete, self._cancel, self._retry), weights=(5, 4, 4, 1, 2))[0]
            action(dice)
            self._stopped.wait(dice.uniform(0.1, 0.8))

    def _send(
        self, dice: random.Random, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """Until some API process answers: a dead one is no answer, and its request may have been accepted."""
        while not self._stopped.is_set():
            try:
                status, _, reply = self._cluster.request(method, path, body, api=dice.randrange(APIS), headers=headers, timeout=10)
            except (OSError, ValueError):
                self._stopped.wait(0.2)
                continue
            # Whatever is away, their token is good: who is told otherwise takes the login for over.
            if (status >= 500 and status != 503) or status == 401:
                self.unexpected.append(f"{method} {path}: {status} {reply}")
            if status != 503:
                return status, reply
            self._stopped.wait(0.5)
        return 0, None

    def _create(self, dice: random.Random) -> None:
        key = str(uuid.UUID(int=dice.getrandbits(128), version=4))
        body = {"server": {"name": key, "flavor_uuid": self._flavor, "image_uuid": IMAGE, "networks": [{"net_id": self._network}]}}
        for _ in range(dice.choice((1, 1, 2, 3))):
            status, reply = self._send(dice, "POST", "/v1/servers", body, {"Idempotency-Key": key})
            if status == 201:
                with self._lock:
                    self.made.setdefault(key, set()).add(reply["uuid"])
                    self.operations += 1

    def _choose(self, dice: random.Random) -> dict[str, Any] | None:
        [chosen] = dice.choices(list(CHOSEN), list(CHOSEN.values()))
        return self._one_of(dice, f"/v1/servers?{chosen}limit=100")

    def _one_of(self, dice: random.Random, path: str) -> dict[str, Any] | None:
        """One of what is listed there, None where nothing is."""
        status, found = self._send(dice, "GET", path)
        if status not in (0, 200):
            self.unexpected.append(f"GET {path}: {status} {found}")
        listed = found[path.partition("?")[0].rpartition("/")[2]] if status == 200 else []
        return dice.choice(listed) if listed else None

    def _power(self, dice: random.Random) -> None:
        server = self._choose(dice)
        if server is not None:
            target = dice.choice(("on", "off", "reboot", "soft_off", "soft_reboot"))
            self._count(self._send(dice, "PUT", f"/v1/servers/{server['uuid']}/states/power", {"target": target})[0], 202)

    def _delete(self, dice: random.Random) -> None:
        server = self._choose(dice)
        if server is not None:
            self._count(self._send(dice, "DELETE", f"/v1/servers/{server['uuid']}")[0], 204)

    def _cancel(self, dice: random.Random) -> None:
        operation = self._one_of(dice, f"/v1/operations?state={dice.choice(('running', 'waiting', 'pending'))}&limit=20")
        if operation is not None:
            self._send(dice, "DELETE", f"/v1/operations/{operation['uuid']}")

    def _retry(self, dice: random.Random) -> None:
        server = self._one_of(dice, "/v1/servers?status=error&limit=100")
        if server is not None:
            self._count(self._send(dice, "PUT", f"/v1/servers/{server['uuid']}/states/provision", {"target": "retry"})[0], 202)

    def _count(self, status: int, wanted: int) -> None:
        with self._lock:
            self.operations += status == wanted
