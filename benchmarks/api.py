# SPDX-License-Identifier: Apache-2.0
"""What a list of 100 servers out of 1,000 costs, beside a bare pecan handler with the same bytes; and how fast POST accepts.

uWSGI with two processes, MariaDB, Keystone tokens with memcached, Glance and Neutron: the API as an operator would run it. No conductor
runs, so that the figures are the API's alone.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pymysql
import sqlalchemy as sa

from baremetal_svc.db import flavors, nics, servers
from baremetal_svc.db.session import Database
from benchmarks import counting
from devstack.local import layout, services
from devstack.local.waiting import port_open
from tests.fixtures.cluster import PORT, Cluster, wait_for

SERVERS, PAGE, CONNECTIONS, SECONDS = 1000, 100, 16, 15
STATEMENTS = ("Com_select", "Com_insert", "Com_update", "Com_delete", "Com_set_option")
PATH = f"/v1/servers/detail?limit={PAGE}"
BARE_PORT = PORT + 50
BOUNDS = {"cpu_ms": 10.0, "statements_per_request": 3.0, "accepted_p50_ms": 40.0, "accepted_p99_ms_at_100": 1000.0}
LEAST_RATIO = 0.15
#: Key of the ratio -> page of bare.py.
BASELINES = {"ratio_to_bare": "/", "ratio_to_pecan_json": "/document"}
#: What lies below any list: rates over that of the first baseline, without a bound.
FLOORS = ("ratio_empty_to_bare", "ratio_statements_to_bare")


def fill(database_url: str, project: str) -> None:
    """Servers with a NIC, an address and two tags each, written as the service writes them."""
    database = Database(database_url)
    flavor = {
        "id": str(uuid.uuid4()), "name": "filled", "description": "d", "is_public": True, "disabled": False, "resources": {"x": 1},
        "resource_aggregates": {}, "resource_class": "x", "pools": [],
    }  # fmt: skip

    def write(conn: sa.Connection) -> None:
        flavors.insert(conn, flavor)
        for number in range(SERVERS):
            row = {
                "id": str(uuid.uuid4()), "project_id": project, "user_id": "u", "name": f"server-{number}", "status": "active",
                "power_state": "power on", "flavor_id": flavor["id"], "image_id": str(uuid.uuid4()), "metadata": {"number": str(number)},
                "partitions": {},
            }  # fmt: skip
            servers.insert(conn, row, [{"network_id": str(uuid.uuid4())}])
            address = {"subnet_id": str(uuid.uuid4()), "ip_address": f"10.{number >> 8}.{number & 255}.9"}
            nics.set_columns(conn, row["id"], 0, port_id=str(uuid.uuid4()), mac_address="00:53:00:00:00:01", fixed_ips=[address])
            servers.set_tags(conn, row["id"], ["blue", f"rack-{number % 10}"])

    database.transact(write)
    database.close()


def load(port: int, path: str, token: str, seconds: int) -> tuple[int, float]:
    """Drive one URL with 16 connections; requests done and requests a second. :raises RuntimeError: an answer was no 200."""
    headers = [f"X-Auth-Token: {token}", "OpenStack-API-Version: baremetal_compute latest"]
    options = [f"-t2 -c{CONNECTIONS} -d{seconds}s --timeout 10s".split(), *(["-H", header] for header in headers)]
    command = ["wrk", *(word for option in options for word in option), f"http://{layout.HOST}:{port}{path}"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in printed:
        raise RuntimeError(printed)
    done, rate = re.search(r"(\d+) requests in", printed), re.search(r"Requests/sec:\s+([\d.]+)", printed)
    assert done is not None and rate is not None, printed
    return int(done[1]), float(rate[1])


def asked_for(database_url: str, project: str) -> list[tuple[str, Any]]:
    """The statements of the page, as the driver is given them."""
    database, found = Database(database_url), list[tuple[str, Any]]()

    def note(conn: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        found.append((statement, values))

    sa.event.listen(database.engine, "before_cursor_execute", note)
    options: dict[str, Any] = {"sort_key": "id", "descending": False, "limit": PAGE, "marker": None}
    database.query(lambda conn: servers.page(conn, {"project_id": project}, **options))
    database.close()
    return found


def statements(database_url: str, measured: Callable[[], Any]) -> int:
    """SQL statements that the database has answered while it ran; the ends of transactions are none."""
    url = sa.make_url(database_url)
    connection = pymysql.connect(host=url.host, port=url.port, user=url.username, password=url.password, autocommit=True)  # type: ignore[arg-type]

    def count() -> int:
        with connection.cursor() as cursor:
            cursor.execute(f"SHOW GLOBAL STATUS WHERE Variable_name IN ({','.join(['%s'] * len(STATEMENTS))})", STATEMENTS)
            return sum(int(value) for _, value in cursor.fetchall())

    before = count()
    measured()
    after = count()
    connection.close()
    return after - before


class Bare:
    """The baseline under the same uWSGI options."""

    def __init__(self, directory: Path, body: bytes, database_url: str, asked: list[tuple[str, Any]]) -> None:
        (directory / "body").write_bytes(body)
        (directory / "statements").write_text(json.dumps(asked))
        command = Cluster.uwsgi(BARE_PORT, "benchmarks.bare:application", processes=2, threads=CONNECTIONS // 2)
        files = {"BARE_BODY": str(directory / "body"), "BARE_STATEMENTS": str(directory / "statements")}
        environment = Cluster.environment(**files, BARE_DATABASE=database_url, PYTHONPATH=str(layout.CHECKOUT))
        with open(directory / "bare.log", "ab") as log:
            self.process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd=layout.CHECKOUT
            )

    def close(self) -> None:
        """Stop it."""
        os.killpg(self.process.pid, signal.SIGTERM)
        self.process.wait(20)


def listing(cluster: Cluster, directory: Path, project: str, rounds: int) -> dict[str, Any]:
    """CPU and statements of a request, and our rate over that of the baseline: medians of rounds in which both run by turns."""
    token, without = services.token("demo", "demo"), services.token("other", "other")
    status, _, body = cluster.request("GET", PATH)
    assert status == 200 and len(body["servers"]) == PAGE and body["servers"][0]["addresses"]
    bare = Bare(directory, json.dumps(body).encode(), cluster.database_url, asked_for(cluster.database_url, project))
    groups = {"api": cluster.processes["api-0"].pid}
    cpu: list[float] = []
    ratios: dict[str, list[float]] = {name: [] for name in (*BASELINES, *FLOORS)}
    try:
        wait_for("the baseline", lambda: port_open(BARE_PORT), 30)
        load(BARE_PORT, "/", token, 2)
        load(PORT, PATH, token, 2)
        for number in range(rounds):
            used, (done, rate) = counting.cpu(groups, lambda: load(PORT, PATH, token, SECONDS))
            cpu.append(used["api"] / done * 1000)
            rates = {name: load(BARE_PORT, path, token, SECONDS)[1] for name, path in BASELINES.items()}
            for name, baseline in rates.items():
                ratios[name].append(rate / baseline)
            # The same request by a project that has no servers, which is what is spent before the first row; and its statements alone.
            floors = load(PORT, PATH, without, SECONDS)[1], load(BARE_PORT, "/statements", token, SECONDS)[1]
            for name, floor in zip(FLOORS, floors, strict=True):
                ratios[name].append(floor / rates["ratio_to_bare"])
            said = ", ".join(f"{name} {rate / baseline:.3f} of {baseline:.0f}" for name, baseline in rates.items())
            print(f"round {number}: {rate:.0f} requests/s, {said}, {cpu[-1]:.2f} ms CPU a request", flush=True)
    finally:
        bare.close()
    asked = 50
    counted = statements(cluster.database_url, lambda: [cluster.request("GET", PATH) for _ in range(asked)])
    return {
        "cpu_ms": round(statistics.median(cpu), 2),
        **{name: round(statistics.median(found), 3) for name, found in ratios.items()},
        "statements_per_request": round(counted / asked, 2),
        "bytes": len(json.dumps(body)),
    }


def accepting(cluster: Cluster) -> dict[str, Any]:
    """Latencies of POST /v1/servers (ms): one client for a while, then 100 at one moment."""
    image = services.client("glance").get("/v2/images?name=tiny")["images"][0]["id"]
    body = {"server": {"name": "b", "flavor_uuid": cluster.flavor("x"), "image_uuid": image, "networks": [{"net_id": cluster.network()}]}}

    def post(gate: threading.Barrier | None = None) -> float:
        if gate is not None:
            gate.wait()
        begin = time.monotonic()
        status, _, reply = cluster.request("POST", "/v1/servers", body)
        assert status == 201, reply
        return (time.monotonic() - begin) * 1000

    post()
    alone = [post() for _ in range(100)]
    gate = threading.Barrier(100)
    with ThreadPoolExecutor(100) as pool:
        together = sorted(pool.map(lambda _: post(gate), range(100)))
    return {
        "accepted_p50_ms": round(statistics.median(alone), 1),
        "accepted_p50_ms_at_100": round(statistics.median(together), 1),
        "accepted_p99_ms_at_100": round(together[98], 1),
    }


def main() -> int:
    """:returns: 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = Path(tempfile.mkdtemp(prefix="bench-api-"))
    cluster = Cluster(directory, options={"images.file": ""}, api_processes=2, api_threads=CONNECTIONS // 2)
    try:
        project = services.client("keystone").get("/projects?name=demo")["projects"][0]["id"]
        fill(cluster.database_url, project)
        cluster.start("api-0")
        cluster.wait_until_up()
        found = {**listing(cluster, directory, project, asked.rounds), **accepting(cluster)}
    finally:
        cluster.close()
    shutil.rmtree(directory)
    print(json.dumps({"benchmark": "api", **found}))
    held = all(found[name] <= bound for name, bound in BOUNDS.items()) and found["ratio_to_bare"] >= LEAST_RATIO
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
