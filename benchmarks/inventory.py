#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A full sync of many nodes that did not change: CPU and rows written, over the simulated world, on SQLite. See README.rst."""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from typing import Any

import sqlalchemy as sa

from baremetal_svc.db import migration
from baremetal_svc.db.session import Database
from baremetal_svc.gateways import simulated
from baremetal_svc.scheduler import inventory

MOST_CPU_SECONDS = 20.0
#: Rows of one listing that are not of nodes: its lease, twice, and that of the one before.
OF_A_LISTING = 3
RICH: dict[str, Any] = {
    "traits": tuple(f"CUSTOM_{number}" for number in range(8)),
    "properties": {
        "cpus": "64", "memory_mb": "524288", "local_gb": "1800", "cpu_arch": "x86_64", "capabilities": "boot_mode:uefi,secure_boot:true",
        "failure_domain": "dc1/room2/row3/rack7",
    },
    "owner": "11111111-2222-4333-8444-555555555555",
    "conductor_group": "east",
}  # fmt: skip


def counting(db: Database) -> Counter[str]:
    """Rows written by table, and statements, from here on."""
    counted: Counter[str] = Counter()

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        words = statement.split()
        counted["statements"] += 1
        if words[0] in ("UPDATE", "INSERT", "DELETE"):
            counted[words[1 if words[0] == "UPDATE" else 2]] += max(cursor.rowcount, 0)

    sa.event.listen(db.engine, "after_cursor_execute", note)
    return counted


def sync(db: Database, world: simulated.World) -> tuple[float, float]:
    """CPU and wall seconds of a full sync."""
    cpu, wall = time.process_time(), time.monotonic()
    inventory.sync(db, simulated.gateways(world).ironic, with_ports=True)
    return time.process_time() - cpu, time.monotonic() - wall


def main() -> int:
    """:returns: 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-inventory-") as directory:
        db = Database(f"sqlite:///{directory}/service.sqlite")
        migration.sync(db.engine)
        world = simulated.World()
        world.add_nodes(asked.nodes, **RICH)
        first, _ = sync(db, world)
        counted = counting(db)
        cpu, wall = sync(db, world)
        db.close()
    rows = {name: number for name, number in counted.items() if name != "statements" and number}
    found = {"cpu_seconds_first": round(first, 2), "cpu_seconds": round(cpu, 2), "seconds": round(wall, 2)}
    written = {"rows_written": sum(rows.values()), "rows": rows, "statements": counted["statements"]}
    print(json.dumps({"benchmark": "inventory", "nodes": asked.nodes, **found, **written}))
    return 0 if cpu <= MOST_CPU_SECONDS * max(1.0, asked.nodes / 10000) and written["rows_written"] <= OF_A_LISTING else 1


if __name__ == "__main__":
    sys.exit(main())
