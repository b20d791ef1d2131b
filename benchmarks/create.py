# SPDX-License-Identifier: Apache-2.0
"""N servers at once on real Ironic: how fast they are accepted and ACTIVE, and how that compares with plain_client.py in the same run.

One uWSGI process and one conductor with their default options, MariaDB, RabbitMQ, Keystone, Neutron, Ironic with fake hardware and no
delays.
"""

import argparse
import json
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks import counting
from benchmarks.plain_client import Node, Place, PlainClient
from devstack.local import metal, services
from tests.fixtures.cluster import IMAGE, Cluster, wait_for

SIZES = (1, 20, 100)
CLIENTS = 8
POLL = 0.25
BOUNDS = {"ironic_calls_per_server": 10.0, "overhead_at_100": 1.5}


def enrol(count: int, resource_class: str, network_interface: str) -> list[metal.Machine]:
    """So many nodes of Ironic, all of one kind."""
    with ThreadPoolExecutor(CLIENTS) as pool:
        options = {"resource_class": resource_class, "network_interface": network_interface, "deploy_interface": "fake"}
        return list(pool.map(lambda _: metal.enrol(**options), range(count)))


class OurService:
    """The service under test."""

    def __init__(self, cluster: Cluster, resource_class: str) -> None:
        self._cluster = cluster
        self._class = resource_class
        self._flavor = cluster.flavor(resource_class)
        self._network = cluster.network()

    def drive(self, count: int) -> dict[str, Any]:
        """Create so many servers: wall (s), latencies of POST (ms), Ironic's calls."""
        place = counting.place()
        begin = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            latencies = list(pool.map(lambda _: self._create(), range(count)))
        wait_for(f"{count} servers active", lambda: self._active() == count, 300, pause=POLL)
        wall = time.monotonic() - begin
        return {"wall": wall, "latencies": latencies, "calls": counting.ironic_calls(place)}

    def give_back(self, nodes: int) -> None:
        """Delete every server and wait until its node is on offer again: not measured."""
        for server in self._servers():
            self._cluster.request("DELETE", f"/v1/servers/{server['uuid']}")
        wait_for("servers gone", lambda: not self._servers(), 300, pause=1)
        self._cluster.wait_for_offers(nodes, self._class, 300)

    def _create(self) -> float:
        body = {"server": {"name": "bench", "flavor_uuid": self._flavor, "image_uuid": IMAGE, "networks": [{"net_id": self._network}]}}
        begin = time.monotonic()
        status, _, reply = self._cluster.request("POST", "/v1/servers", body)
        assert status == 201, reply
        return (time.monotonic() - begin) * 1000

    def _servers(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self._cluster.request("GET", "/v1/servers?limit=1000")[2]["servers"]
        return found

    def _active(self) -> int:
        states = [server["status"] for server in self._servers()]
        assert "error" not in states, self._cluster.log_lines("WARN|ERROR")[-10:]
        return states.count("active")


class Comparison:
    """Our service and the plain client, each with its own set of nodes of the same kind and number, run in turns."""

    def __init__(self, cluster: Cluster, machines: dict[str, list[metal.Machine]], sizes: list[int]) -> None:
        self._cluster = cluster
        self._machines = machines
        self._sizes = sizes
        self._service = OurService(cluster, "ours")
        projects = services.client("keystone").get("/projects?name=demo")["projects"]
        image = {"image_source": f"{services.url('fakeagent')}/img.raw", "image_checksum": "0" * 64}
        self._place = Place(
            services.url("ironic"), services.url("neutron"), services.token("admin", "admin"), cluster.network(), projects[0]["id"], image
        )
        self.ours: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self.plain: dict[int, list[float]] = defaultdict(list)

    def round(self, number: int) -> None:
        """Every size once on both sides; who begins changes from round to round. Both give everything back before the other begins."""
        for measure in (self._plain, self._ours) if number % 2 else (self._ours, self._plain):
            measure()

    def _cpu(self, size: int, measured: Callable[[], Any]) -> Any:
        """What it measured, with the CPU of every process meanwhile printed."""
        groups = {name: process.pid for name, process in self._cluster.processes.items()}
        return counting.print_cpu(size, groups, measured)

    def _ours(self) -> None:
        for size in self._sizes:
            self._cluster.wait_for_offers(size, "ours", 300)
            done = self._cpu(size, lambda size=size: self._service.drive(size))
            self.ours[size].append(done)
            calls = sum(done["calls"].values())
            print(f"service N={size}: {done['wall']:.2f} s, {calls / size:.2f} calls a server {done['calls']}", flush=True)
            self._service.give_back(len(self._machines["ours"]))

    def _plain(self) -> None:
        # The service stands still meanwhile: the baseline has the machine to itself.
        for name in self._cluster.processes:
            self._cluster.signal(name, signal.SIGSTOP)
        try:
            for size in self._sizes:
                client = PlainClient(self._place, [Node(machine.node, machine.mac) for machine in self._machines["plain"][:size]])
                self.plain[size].append(self._cpu(size, client.drive))
                print(f"plain   N={size}: {self.plain[size][-1]:.2f} s, {client.calls / size:.2f} calls a node", flush=True)
                client.give_back()
        finally:
            for name in self._cluster.processes:
                self._cluster.signal(name, signal.SIGCONT)


def figures(done: Comparison) -> dict[str, Any]:
    """Medians of the rounds, and for each size what the last line of output shows."""
    found: dict[str, Any] = {}
    for size, runs in done.ours.items():
        latencies = sorted(latency for run in runs for latency in run["latencies"])
        wall, plain = statistics.median(run["wall"] for run in runs), statistics.median(done.plain[size])
        found |= {
            f"accepted_p50_ms_at_{size}": round(statistics.median(latencies), 1),
            f"accepted_p99_ms_at_{size}": round(latencies[min(len(latencies) - 1, int(len(latencies) * 0.99))], 1),
            f"wall_at_{size}": round(wall, 2),
            f"plain_wall_at_{size}": round(plain, 2),
            f"overhead_at_{size}": round(wall / plain, 3),
            f"ironic_calls_per_server_at_{size}": round(statistics.median(sum(run["calls"].values()) for run in runs) / size, 2),
        }
    largest = max(done.ours)
    return {**found, "ironic_calls_per_server": found[f"ironic_calls_per_server_at_{largest}"]}


def main() -> int:
    """:returns: 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--network-interface", default="noop", choices=["noop", "neutron"], help="of the nodes")
    parser.add_argument("--option", action="append", default=[], metavar="SECTION.NAME=VALUE", help="of baremetal_svc.conf")
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = Path(tempfile.mkdtemp(prefix="bench-create-"))
    options = dict(option.split("=", 1) for option in asked.option)
    cluster = Cluster(directory, options=options, automated_clean=False)
    machines = {name: enrol(max(asked.sizes), name, asked.network_interface) for name in ("ours", "plain")}
    try:
        for name in ("api-0", "conductor-0"):
            cluster.start(name)
        cluster.wait_until_up()
        cluster.wait_for_offers(max(asked.sizes), "ours")
        done = Comparison(cluster, machines, asked.sizes)
        for number in range(asked.rounds):
            done.round(number)
    finally:
        cluster.close()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda machine: metal.remove(machine.node), [machine for made in machines.values() for machine in made]))
    shutil.rmtree(directory)
    found = figures(done)
    print(json.dumps({"benchmark": "create", **found}))
    return 0 if all(found[name] <= bound for name, bound in BOUNDS.items() if name in found) else 1


if __name__ == "__main__":
    sys.exit(main())
