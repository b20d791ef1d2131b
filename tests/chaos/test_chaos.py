# SPDX-License-Identifier: Apache-2.0
"""Kill anything at any instant: real Ironic with slow fake hardware, Neutron, RabbitMQ, MariaDB, two API processes, two conductors."""

import os
import random
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import sqlalchemy as sa

from devstack.local import metal, services
from tests.chaos import invariants
from tests.chaos.killer import Killer
from tests.chaos.load import APIS, Load
from tests.fixtures.cluster import Cluster

SECONDS = float(os.environ.get("CHAOS_SECONDS", "180"))
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
LEAST_KILLS = 20
CONDUCTORS = 2
NODES = 14
# Shorter than the default: more of what happens is late, and what the last kills left is found sooner.
LEASE, TIMEOUT = 8.0, 3.5
DRAIN = 240.0
OPTIONS = {
    "conductor.lease": LEASE,
    "conductor.listing_interval": 1.0,
    "conductor.inventory_interval": 5.0,
    "ironic.timeout": TIMEOUT,
    "neutron.timeout": TIMEOUT,
}


def test_nothing_is_lost_leaked_or_done_twice(tmp_path: Path) -> None:
    print(f"seed {SEED}: CHAOS_SEED={SEED} tools/test chaos")
    resource_class = f"chaos-{uuid.uuid4().hex[:8]}"
    cluster = Cluster(tmp_path, options=OPTIONS)
    older = {port["id"] for port in invariants.ports()}
    engine = sa.create_engine(cluster.database_url)
    nodes: set[str] = set()
    try:
        for name in [f"api-{n}" for n in range(APIS)] + [f"conductor-{n}" for n in range(CONDUCTORS)]:
            cluster.start(name)
        nodes |= _enrol(resource_class)
        # Slow from here on only: enrolling cleans each node, which is not what is tested here.
        services.up("ironic", deploy_delay=3, power_delay=3)
        cluster.wait_until_up(APIS)
        cluster.wait_for_offers(NODES, resource_class)
        load = Load(cluster, cluster.flavor(resource_class), SEED)
        killer = Killer(cluster, SEED, conductors=CONDUCTORS, apis=APIS, every=3.0, lease=LEASE)
        load.start()
        killer.start()
        threading.Event().wait(SECONDS)
        killer.stop()
        load.stop()
        seconds = _drain(engine, nodes, load.made, older)
        kills = killer.killed + killer.paused
        print(f"{load.operations} operations accepted, {killer.killed} kills -9 and {killer.paused} SIGSTOPs of owners, "
              f"{killer.apis_killed} API processes killed, drained in {seconds:.0f} s")  # fmt: skip
        assert load.unexpected == []
        assert invariants.violations(engine, nodes, load.made, older) == [], cluster.log_lines("Traceback|CRITICAL|ERROR")[-10:]
        assert kills >= LEAST_KILLS * min(1.0, SECONDS / 180)
        assert cluster.log_lines("REVERT_FAILURE") == []
    finally:
        cluster.close_conductors()
        cluster.close()
        engine.dispose()
        with ThreadPoolExecutor(NODES) as pool:
            list(pool.map(metal.remove, nodes))


def _enrol(resource_class: str) -> set[str]:
    with ThreadPoolExecutor(NODES) as pool:
        options = {"resource_class": resource_class, "network_interface": "neutron", "deploy_interface": "fake"}
        return {machine.node for machine in pool.map(lambda _: metal.enrol(**options), range(NODES))}


def _drain(engine: sa.Engine, nodes: set[str], made: dict[str, set[str]], older: set[str]) -> float:
    """Until nothing runs and quarantines are over; what is still wrong after that is a violation."""
    begin = time.monotonic()
    pause = threading.Event()
    while time.monotonic() - begin < DRAIN:
        if not invariants.unfinished(engine) and not invariants.violations(engine, nodes, made, older):
            break
        pause.wait(0.5)
    return time.monotonic() - begin
