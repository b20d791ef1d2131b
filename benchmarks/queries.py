# SPDX-License-Identifier: Apache-2.0
"""Every statement of requests and claims among 100,000 nodes, by MariaDB's own log: how many rows it looked at for those that it gave.

At most ten for each row that it returned or changed, and two hundred more; what may look at more stands in COUNTING, with its reason.
Background work (counts and rebuilds of pools, the reconciler, listings) is not in the run: by its nature it looks at everything.
"""

import argparse
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import baremetal_svc.cmd  # noqa: F401 - first: it chooses the threading backend of oslo.service
from baremetal_svc.db import operations
from baremetal_svc.scheduler.claim import Request
from benchmarks import fleet
from benchmarks.capacity import Bench, made
from benchmarks.claim import take
from devstack.local import databases, services
from tests.fixtures.service import ADMIN, MEMBER

TIMES, EXTRA = 10, 200
NAME = "bench_queries"
SERVERS = 300
#: Beginnings of statements, literals as "?" -> why they look at many rows.
_USAGE = "usage is counted from the rows of the project, so that it cannot be wrong"
COUNTING: dict[str, str] = {
    "SELECT count(*) AS count_1  FROM servers  WHERE servers.project_id": _USAGE,
    "SELECT servers.flavor_id, count(*) AS count_1  FROM servers  WHERE servers.project_id": _USAGE,
    "SELECT DISTINCT servers.flavor_id  FROM servers  WHERE servers.project_id": _USAGE,
    "SELECT pool_members.pool_id, count(*)": "the members of the pools that are shown are counted, by their key",
    "SELECT offers.resource_class, count(*)": "what is on offer of a pool is counted, by its key",
    "SELECT anon_1.failed, count(*)": "an explanation counts the nodes that each predicate leaves; it is made for a refusal and a dry run",
}
_ON = "SET GLOBAL log_output = 'TABLE', GLOBAL long_query_time = 0, GLOBAL min_examined_row_limit = 0, GLOBAL slow_query_log = "
_LOGGED = f"SELECT rows_examined, GREATEST(rows_sent, rows_affected), sql_text FROM mysql.slow_log WHERE db = '{NAME}'"
_LITERAL = re.compile(r"'(?:[^'\\]|\\.|'')*'|\b\d+(?:\.\d+)?\b")
_LISTED = re.compile(r"\((?:\?, ?)+\?\)")


@dataclass(frozen=True, slots=True)
class Logged:
    """One statement of the log. ``given``: rows that it returned or changed."""

    examined: int
    given: int
    text: str

    @property
    def allowed(self) -> int:
        """Rows that it may look at."""
        return TIMES * self.given + EXTRA

    @property
    def shape(self) -> str:
        """Without its values."""
        return _LISTED.sub("(?)", _LITERAL.sub("?", self.text))


def logged(work: Callable[[], object]) -> Iterator[Logged]:
    """Every statement on the service's database meanwhile, on connections that are made meanwhile."""
    databases.sql(f"SET GLOBAL slow_query_log = 0; TRUNCATE TABLE mysql.slow_log; {_ON}1")
    try:
        work()
    finally:
        databases.sql("SET GLOBAL slow_query_log = 0, GLOBAL long_query_time = 10")
    for line in databases.sql(_LOGGED).splitlines():
        examined, given, text = line.split("\t", 2)
        yield Logged(int(examined), int(given), text.replace("\\n", " "))


def requests(bench: Bench) -> None:
    """What tenants and operators ask, claims, and what a conductor asks again and again."""
    # Its connections are from before the log was on.
    bench.service.db.close()
    node, other = bench.made.node_ids[:2]
    server = bench.call("GET", "/v1/servers?limit=1", token=MEMBER)["servers"][0]["uuid"]
    for path in (
        "/v1/servers/detail?limit=100", "/v1/servers?limit=100&status=building&sort_key=created_at", f"/v1/servers/{server}",
        f"/v1/servers/{server}/events", f"/v1/servers/{server}/faults", "/v1/operations?limit=100", f"/v1/operations?server_uuid={server}",
        "/v1/flavors", "/v1/limits", "/v1/availability_zones", "/v1/server_groups",
        f"/v1/pools/{bench.largest}/capacity", f"/v1/capacity?flavor={bench.flavor}&count=10",
    ):  # fmt: skip
        bench.call("GET", path, token=MEMBER)
    for path in (
        "/v1/nodes?limit=100", f"/v1/nodes/{node}", f"/v1/nodes/{node}/tags", f"/v1/nodes/{node}/tags/history", "/v1/faults",
        f"/v1/pools/{bench.largest}", f"/v1/pools/{bench.largest}/forecast", f"/v1/pools/{bench.largest}/capacity/history",
    ):  # fmt: skip
        bench.call("GET", path)
    bench.call("PUT", f"/v1/nodes/{node}/tags", {"tags": list(fleet.VOCABULARY[:20])})
    bench.call("POST", "/v1/nodes/tags", {"filter": {"node_ids": [node, other]}, "add": [fleet.VOCABULARY[30]]})
    bench.call("POST", "/v1/scheduling/dry-run", {"server": {"flavor_uuid": bench.flavor, "max_count": 5}}, token=MEMBER)
    claims(bench)


def claims(bench: Bench) -> None:
    """One node, one with a tag, sixteen; and a look for what is due."""
    db, pool_ids = bench.service.db, [bench.largest]
    for tags, count in (((), 1), ((fleet.VOCABULARY[5],), 1), ((), 16)):
        assert take(db, Request(pool_ids, fleet.CLASS, tags), count) == count
    known = [("servers.create", 1), ("servers.delete", 1)]
    assert db.transact(lambda conn: operations.due(conn, known, 10, skip_locked=True))


def asked_for(bench: Bench) -> None:
    """Servers with operations that nobody carries out."""
    image, network = bench.service.world.add_image(), bench.service.world.add_network()
    bench.service.conf.set_override("servers", -1, "quotas")
    server = {"name": "s", "flavor_uuid": bench.flavor, "image_uuid": image, "networks": [{"net_id": network}]}
    for _ in range(SERVERS // 10):
        bench.call("POST", "/v1/servers", {"server": {**server, "min_count": 10, "max_count": 10}}, token=MEMBER)


def main() -> int:
    """:returns: 0 when every statement looked at few rows, or has its reason."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=100_000)
    asked = parser.parse_args()
    services.up("mariadb")
    with tempfile.TemporaryDirectory() as directory:
        bench = made(services.create_database("mysql", NAME), Path(directory), asked.nodes)
        bench.service.conductor.stocktaker.count()
        asked_for(bench)
        bench.call("GET", "/v1/nodes?limit=1", token=ADMIN)
        found = list(logged(lambda: requests(bench)))
        bench.service.close()
    services.drop_database("mysql", NAME)
    worst: dict[str, Logged] = {}
    for one in found:
        if one.examined > one.allowed and one.examined > worst.get(one.shape, one).allowed:
            worst[one.shape] = one
    missed = {shape: one for shape, one in worst.items() if not any(shape.startswith(known) for known in COUNTING)}
    for shape, one in worst.items():
        print(f"{'MISSED' if shape in missed else 'listed'} {one.examined} rows looked at for {one.given}: {shape}", flush=True)
    said: dict[str, Any] = {
        "benchmark": "queries",
        "nodes": asked.nodes,
        "statements": len(found),
        "shapes": len({one.shape for one in found}),
    }
    print(json.dumps({**said, "listed": len(worst) - len(missed), "missed": len(missed)}))
    return 1 if missed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
