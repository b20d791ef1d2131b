# SPDX-License-Identifier: Apache-2.0
"""Two API processes behind a balancer, one of which is killed every few seconds: clients that ask once more notice nothing."""

import itertools
import json
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

from devstack.local import layout, services
from tests.fixtures.balancer import Balancer
from tests.fixtures.cluster import PORT, Cluster

SECONDS, EVERY, CLIENTS = 61.0, 10.0, 4
LEAST = 0.999


class Client(threading.Thread):
    """Reads and writes by turns; a request that finds nobody, or a 5xx, is sent once more."""

    def __init__(self, port: int, until: float) -> None:
        super().__init__()
        self._base = f"http://{layout.HOST}:{port}"
        self._until = until
        self._headers = {
            "X-Auth-Token": services.token("demo", "demo"),
            "Content-Type": "application/json",
            "OpenStack-API-Version": "baremetal_compute latest",
        }
        self.done = self.again = 0
        self.failed: list[str] = []

    def run(self) -> None:
        for number in itertools.count():
            if time.monotonic() > self._until:
                return
            name = f"{threading.get_ident()}-{number}"
            if number % 4 == 0:
                self._ask("POST", "/v1/server_groups", {"name": name, "policies": ["affinity"]}, {"Idempotency-Key": name})
            else:
                self._ask("GET", ("/v1/servers", "/v1/flavors", "/v1/server_groups?limit=10")[number % 3])

    def _ask(self, method: str, path: str, body: object = None, more: dict[str, str] | None = None) -> None:
        self.done += 1
        data = None if body is None else json.dumps(body).encode()
        wrong = ""
        for attempt in range(2):
            self.again += attempt
            request = urllib.request.Request(self._base + path, data, {**self._headers, **(more or {})}, method=method)
            try:
                with urllib.request.urlopen(request, timeout=10) as reply:
                    reply.read()
                return
            except urllib.error.HTTPError as error:
                wrong = f"{method} {path}: {error.code} {error.read()!r}"
            except OSError as error:
                wrong = f"{method} {path}: {error!r}"
        self.failed.append(wrong)


def test_a_killed_api_process_costs_nothing(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, options={"quotas.server_groups": -1})
    balancer = Balancer([PORT, PORT + 1])
    try:
        for name in ("api-0", "api-1"):
            cluster.start(name)
        cluster.wait_until_up(2)
        begin = time.monotonic()
        clients = [Client(balancer.port, begin + SECONDS) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        pause, kills = threading.Event(), 0
        while time.monotonic() + EVERY < begin + SECONDS:
            # The point of this pause is the time.
            pause.wait(EVERY)
            cluster.kill(f"api-{kills % 2}")
            cluster.start(f"api-{kills % 2}")
            kills += 1
        for client in clients:
            client.join()
        done, failed = sum(client.done for client in clients), [one for client in clients for one in client.failed]
        print(f"{done} requests, {sum(client.again for client in clients)} sent again, {len(failed)} failed, {kills} kills")
        assert kills >= 5 and done >= 1000
        assert 1 - len(failed) / done >= LEAST, failed[:5]
    finally:
        balancer.close()
        cluster.close()
