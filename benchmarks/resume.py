# SPDX-License-Identifier: Apache-2.0
"""1,000 operations that go on after a restart of all conductors, on MariaDB: how many a second, and what a task costs in CPU.

One process over the simulated world, as in ``waiting``; the database is a real one. The CPU is this process's: the flow, TaskFlow's saves
under the fence, the driver. What MariaDB itself uses is not in it.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from pathlib import Path

# First: it chooses the threading backend of oslo.service.
from tests.fixtures.service import Service  # isort: skip

import sqlalchemy as sa

from baremetal_svc.db import models
from baremetal_svc.gateways import simulated
from benchmarks.waiting import enqueue, until_waiting
from devstack.local import services

LEAST_PER_SECOND, MOST_CPU_MS = 10.0, 12.0


def tasks_done(service: Service) -> int:
    """Steps that are done, over all operations."""
    with service.db.read() as conn:
        step = models.Step.__table__.c
        return int(conn.execute(sa.select(sa.func.count()).where(step.state == "done")).scalar_one())


def until_done(service: Service, count: int, seconds: float = 600) -> None:
    """:raises TimeoutError: they do not end."""
    op = models.Operation.__table__.c
    ended = sa.select(sa.func.count()).where(op.state == "done", op.kind == "servers.create")
    end, pause = time.monotonic() + seconds, threading.Event()
    while True:
        with service.db.read() as conn:
            found = conn.execute(ended).scalar_one()
        if found >= count:
            return
        if time.monotonic() > end:
            raise TimeoutError(f"only {found} of {count} operations ended")
        pause.wait(0.2)


def main() -> int:
    """:returns: 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    services.up("mariadb")
    with tempfile.TemporaryDirectory(prefix="bench-resume-") as directory:
        url = services.create_database("mysql", "bench_resume")
        service = Service(Path(directory), lease=15.0, url=url, world=simulated.World(instant=False))
        service.conf.set_override("servers", -1, "quotas")
        body = service.prepared(count)
        enqueue(service, body, count)
        first = service.new_conductor("first")
        cpu = time.process_time()
        first.start()
        until_waiting(service, count)
        first.stop()
        there, done = time.process_time() - cpu, tasks_done(service)
        service.world.instant = True
        second = service.new_conductor("second")
        cpu, begin = time.process_time(), time.monotonic()
        second.start()
        until_done(service, count)
        wall, rest = time.monotonic() - begin, time.process_time() - cpu
        second.stop()
        tasks = tasks_done(service)
        service.close()
        services.drop_database("mysql", "bench_resume")
    after = tasks - done
    print(f"{done} tasks until all waited, {there / done * 1000:.1f} ms CPU each; {after} after the restart, {rest / after * 1000:.1f} ms")
    found = {"resumed_per_second": round(count / wall, 1), "cpu_ms_per_task": round((there + rest) / tasks * 1000, 2)}
    print(json.dumps({"benchmark": "resume", "operations": count, "tasks": tasks, "wall": round(wall, 1), **found}))
    return 0 if found["resumed_per_second"] >= LEAST_PER_SECOND and found["cpu_ms_per_task"] <= MOST_CPU_MS else 1


if __name__ == "__main__":
    sys.exit(main())
