# SPDX-License-Identifier: Apache-2.0
"""1,000 operations that wait at once in one conductor: what they cost in threads and memory, and in CPU to get there.

One process over the simulated world, whose deploys do not end, so that every servers.create comes to wait for its node. The API, the
database, the bus (in-process) and the conductor with its threads are the real ones.
"""

import argparse
import gc
import json
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

# First: it chooses the threading backend of oslo.service.
from tests.fixtures.service import ADMIN, Service  # isort: skip

import sqlalchemy as sa
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc import messaging
from baremetal_svc.db import models
from baremetal_svc.gateways import simulated

BOUNDS = {"threads": 20, "mib_added": 60}
BATCH = 100


def status(name: str) -> int:
    """A number of /proc/self/status: Threads, or VmRSS in kB."""
    with open("/proc/self/status", encoding="utf-8") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name + ":"))


def resident() -> float:
    """MiB of memory that this process has now, after a collection."""
    gc.collect()
    return status("VmRSS") / 1024


def started(directory: Path) -> tuple[Service, Any]:
    """A service over a world without deploys that end, and its running conductor that listens to the bus."""
    service = Service(directory, lease=15.0, world=simulated.World(instant=False))
    service.conf.set_override("servers", -1, "quotas")
    configuration.register(cfg.CONF)
    (directory / "bus.conf").write_text("[DEFAULT]\ntransport_url = fake://\n")
    cfg.CONF(["--config-file", str(directory / "bus.conf")], project="baremetal_svc")
    conductor = service.new_conductor("bench")
    conductor.start()
    conductor.listen(messaging.transport(cfg.CONF), "bench")
    return service, conductor


def waiting(service: Service) -> int:
    """How many creates wait for their node."""
    with service.db.read() as conn:
        op = models.Operation.__table__.c
        parked = sa.select(sa.func.count()).where(op.state == "waiting", op.wait_node.is_not(None))
        return int(conn.execute(parked).scalar_one())


def until_waiting(service: Service, count: int, seconds: float = 600) -> None:
    """:raises TimeoutError: they do not come to wait."""
    end, pause = time.monotonic() + seconds, threading.Event()
    while waiting(service) < count:
        if time.monotonic() > end:
            raise TimeoutError(f"only {waiting(service)} of {count} operations wait")
        pause.wait(0.5)


def enqueue(service: Service, body: dict[str, Any], count: int) -> None:
    """Ask for so many servers over the API, in batches."""
    while count:
        batch = min(count, BATCH)
        reply = service.call("POST", "/v1/servers", {"server": {**body["server"], "min_count": batch, "max_count": batch}}, token=ADMIN)
        assert reply.status == 201, reply.raw
        count -= batch


def main() -> int:
    """:returns: 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    count = parser.parse_args().count
    with tempfile.TemporaryDirectory(prefix="bench-waiting-") as directory:
        service, conductor = started(Path(directory))
        body = service.prepared(count + 1)
        enqueue(service, body, 1)
        until_waiting(service, 1)
        rest, cpu, begin = resident(), time.process_time(), time.monotonic()
        print(f"at rest: {rest:.1f} MiB, {status('Threads')} threads", flush=True)
        enqueue(service, body, count)
        accepted = time.monotonic() - begin
        until_waiting(service, count + 1)
        wall, used = time.monotonic() - begin, time.process_time() - cpu
        threads, added = status("Threads"), resident() - rest
        names = sorted(thread.name for thread in threading.enumerate())
        conductor.stop()
        service.close()
    print(f"{count} accepted after {accepted:.1f} s, waiting after {wall:.1f} s, {used / count * 1000:.1f} ms CPU each")
    print(f"{threads} threads: {' '.join(names)}")
    found = {"threads": threads, "mib_added": round(added, 1), "wall": round(wall, 1), "cpu_ms": round(used / count * 1000, 1)}
    print(json.dumps({"benchmark": "waiting", "operations": count, **found}))
    return 0 if all(found[name] <= bound for name, bound in BOUNDS.items()) else 1


if __name__ == "__main__":
    sys.exit(main())
