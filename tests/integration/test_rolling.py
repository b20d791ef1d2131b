# SPDX-License-Identifier: Apache-2.0
"""A rolling change: the conductor of the commit before beside that of this one, an upgrade and a way back, with flows in flight."""

import itertools
import json
import subprocess
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from devstack.local import layout, metal, services
from tests.fixtures.balancer import Balancer
from tests.fixtures.cluster import IMAGE, PORT, Cluster, machines, wait_for

CLASS = f"roll-{uuid.uuid4().hex[:8]}"
# A released machine rests for lease and time limit: short, and machines enough that no client meets an empty pool.
OPTIONS = {
    "conductor.listing_interval": 0.5,
    "conductor.inventory_interval": 2.0,
    "conductor.lease": 6.0,
    "ironic.timeout": 2.5,
    "neutron.timeout": 2.5,
}
MACHINES, CLIENTS = 14, 3


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the commit before this one. A clone without history gets that commit from where it came from."""
    directory = tmp_path_factory.mktemp("before")

    def git(*words: str) -> bytes:
        return subprocess.run(["git", *words], cwd=layout.CHECKOUT, check=True, capture_output=True).stdout

    if subprocess.run(["git", "rev-parse", "-q", "--verify", "HEAD~1"], cwd=layout.CHECKOUT, check=False, capture_output=True).returncode:
        git("fetch", "--quiet", "--deepen", "1")
    subprocess.run(["tar", "-x", "-C", str(directory)], input=git("archive", "HEAD~1", "baremetal_svc", "alembic"), check=True)
    return directory


@pytest.fixture(scope="module", name="machines")
def fake_machines() -> Iterator[list[metal.Machine]]:
    with machines(CLASS, MACHINES) as made:
        yield made


class Client(threading.Thread):
    """Makes, switches and deletes a server again and again; every call must be answered as it should be, without a second try."""

    def __init__(self, port: int, body: dict[str, Any], stopped: threading.Event) -> None:
        super().__init__()
        self._base, self._body, self._stopped = f"http://{layout.HOST}:{port}", body, stopped
        self._token = services.token("demo", "demo")
        self.calls, self.rounds = 0, 0
        self.failure = ""

    def run(self) -> None:
        try:
            while not self._stopped.is_set():
                self._round()
                self.rounds += 1
        except (OSError, AssertionError, TimeoutError) as error:
            self.failure = repr(error)

    def _round(self) -> None:
        server_id = self._call("POST", "/v1/servers", self._body, 201)["uuid"]
        path = f"/v1/servers/{server_id}"
        self._until(path, "active")
        for target, status in (("off", "stopped"), ("on", "active")):
            self._call("PUT", f"{path}/states/power", {"target": target}, 202)
            self._until(path, status)
        self._call("DELETE", path, None, 204)
        wait_for("server gone", lambda: self._call("GET", path, None, 200, 404) is None, 120, pause=0.3)

    def _until(self, path: str, wanted: str) -> None:
        def reached() -> bool:
            status = self._call("GET", path, None, 200)["status"]
            assert status != "error", f"{path} is in error while it should become {wanted}"
            return bool(status == wanted)

        wait_for(f"{path} {wanted}", reached, 120, pause=0.3)

    def _call(self, method: str, path: str, body: Any, *expected: int) -> Any:
        self.calls += 1
        headers = {"X-Auth-Token": self._token, "Content-Type": "application/json"}
        request = urllib.request.Request(self._base + path, None if body is None else json.dumps(body).encode(), headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                status, raw = reply.status, reply.read()
        except urllib.error.HTTPError as error:
            status, raw = error.code, error.read()
        assert status in expected, (method, path, status, raw)
        return json.loads(raw) if raw and status < 300 else None


def test_upgrade_and_back_without_a_failed_call(before: Path, machines: list[metal.Machine], tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, options=OPTIONS, api_processes=2, api_threads=8)
    balancer, stopped = Balancer([PORT, PORT + 1]), threading.Event()
    engine = sa.create_engine(cluster.database_url)
    try:
        for name in ("api-0", "api-1"):
            cluster.start(name)
        cluster.start("conductor-0", before)
        cluster.wait_until_up(2)
        cluster.wait_for_offers(MACHINES, CLASS)
        server = {"name": "r", "flavor_uuid": cluster.flavor(CLASS), "image_uuid": IMAGE, "networks": [{"net_id": cluster.network()}]}
        clients = [Client(balancer.port, {"server": server}, stopped) for _ in range(CLIENTS)]
        for client in clients:
            client.start()
        names = itertools.count(1)
        running = "conductor-0"
        # Up, and back.
        for code in (layout.CHECKOUT, before):
            _progress(clients)
            running = _replace(cluster, engine, running, f"conductor-{next(names)}", code)
            for number in range(2):
                _restart(cluster, balancer, number)
        _progress(clients)
        stopped.set()
        for client in clients:
            client.join()
        assert [client.failure for client in clients if client.failure] == [], cluster.log_lines("ERROR|Traceback")[-10:]
        print(f"{sum(client.calls for client in clients)} calls, {sum(client.rounds for client in clients)} servers made and deleted")
        wait_for("every operation ended", lambda: not _live(engine), 120)
        with engine.connect() as conn:
            states = conn.execute(sa.text("SELECT DISTINCT state FROM operations")).scalars().all()
        assert states == ["done"]
    finally:
        stopped.set()
        balancer.close()
        cluster.close()
        engine.dispose()


def _live(engine: sa.Engine, owner: str = "%") -> int:
    statement = "SELECT COUNT(*) FROM operations WHERE state IN ('pending', 'running', 'waiting') AND COALESCE(owner, '') LIKE :owner"
    with engine.connect() as conn:
        return int(conn.execute(sa.text(statement), {"owner": owner}).scalar_one())


def _progress(clients: list[Client]) -> None:
    """Until every client has come through another round."""
    done = [client.rounds for client in clients]
    wait_for("a round", lambda: any(c.failure for c in clients) or all(c.rounds > n for c, n in zip(clients, done, strict=True)), 120)
    assert [client.failure for client in clients if client.failure] == []


def _replace(cluster: Cluster, engine: sa.Engine, old: str, new: str, code: Path) -> str:
    """Another conductor beside the old one, and SIGTERM for the old one while it has flows in flight."""
    cluster.start(new, code)
    wait_for(f"{old} has work", lambda: _live(engine, f"{old}:%"), 60, pause=0.02)
    process = cluster.processes.pop(old)
    process.terminate()
    assert process.wait(60) == 0
    assert _live(engine, f"{old}:%") == 0
    return new


def _restart(cluster: Cluster, balancer: Balancer, number: int) -> None:
    """An API process as an operator restarts it: out of the balancer, SIGTERM, up, in again."""
    balancer.take_out(PORT + number)
    process = cluster.processes.pop(f"api-{number}")
    process.terminate()
    assert process.wait(40) == 0
    cluster.start(f"api-{number}")
    wait_for(f"api-{number}", lambda: cluster._answers(number), 60)
    balancer.put_in(PORT + number)
