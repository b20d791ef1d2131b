# SPDX-License-Identifier: Apache-2.0
"""Capacity, retagging and a rebuild among 100,000 nodes in 50 overlapping pools, on MariaDB and PostgreSQL in one run.

Answers are those of the real API application in this process, without Keystone; the rebuild is the conductor's, while a process claims.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import webob

import baremetal_svc.cmd  # noqa: F401 - first: it chooses the threading backend of oslo.service
from baremetal_svc.api.microversion import HEADER, MAXIMUM, SERVICE_TYPE
from baremetal_svc.db import node_tags, nodes, pools
from baremetal_svc.scheduler import offers
from benchmarks import fleet
from benchmarks.claim import DATABASES, FORK, claimer
from devstack.local import services
from tests.fixtures.service import ADMIN, MEMBER, Service

#: key -> most
BOUNDS = {
    "capacity_ms": 50.0,
    "tenant_capacity_ms": 50.0,
    "could_have_ms": 50.0,
    "retag_ms": 10.0,
    "bulk_retag_s": 10.0,
    "rebuild_s": 60.0,
    "claims_failed": 0.0,
    "disagreeing": 0.0,
}
BULK = 1000


@dataclass(frozen=True, slots=True)
class Bench:
    """A service with a fleet in its database; the flavor draws on the largest pool."""

    service: Service
    made: fleet.Fleet
    flavor: str

    @property
    def largest(self) -> str:
        """The id of the pool with most members but for the default one."""
        return self.made.pool_ids[0]

    def call(self, method: str, path: str, body: Any = None, token: str = ADMIN) -> Any:
        """The body of an answer, which is a success."""
        headers = {"X-Auth-Token": token, HEADER: f"{SERVICE_TYPE} 1.{MAXIMUM}"}
        # Not by the fixture's own call, which holds every answer against the document.
        request = webob.Request.blank(path, method=method, headers=headers, **({} if body is None else {"json": body}))
        reply = request.get_response(self.service.application)
        assert reply.status_code < 300, (method, path, reply.body)
        return reply.json if reply.body else None


def timed(work: Callable[[], object], times: int) -> float:
    """Milliseconds that it takes, the median; the first time is not counted."""
    taken = []
    for _ in range(times + 1):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(taken[1:]), 2)


def made(url: str, directory: Path, count: int) -> Bench:
    """A service on an empty database, and a fleet in it."""
    service = Service(directory, url=url)
    found = fleet.write(service.db, count)
    fleet.check(service.db, found)
    return Bench(service, found, service.flavor(fleet.CLASS, pools=[found.pool_ids[0]]))


def answers(bench: Bench, times: int) -> dict[str, Any]:
    """Milliseconds of each answer, once all pools are counted; how long that took."""
    started = time.perf_counter()
    counted = bench.service.conductor.stocktaker.count()
    found: dict[str, Any] = {"pools": counted, "count_all_s": round(time.perf_counter() - started, 2)}
    asked = {
        "capacity_ms": (f"/v1/pools/{bench.largest}/capacity", ADMIN),
        "default_capacity_ms": (f"/v1/pools/{pools.DEFAULT_ID}/capacity", ADMIN),
        "tenant_capacity_ms": (f"/v1/pools/{bench.largest}/capacity", MEMBER),
        "could_have_ms": (f"/v1/capacity?flavor={bench.flavor}&count=10", MEMBER),
        "forecast_ms": (f"/v1/pools/{bench.largest}/forecast", ADMIN),
    }
    for name, (path, token) in asked.items():
        found[name] = timed(lambda path=path, token=token: bench.call("GET", path, token=token), times)  # type: ignore[misc]
    shown = bench.call("GET", f"/v1/pools/{bench.largest}/capacity")
    found["largest"] = shown["nodes"]["total"]
    assert shown["nodes"]["free"] == shown["free_now"] == sum(n for name, n in shown["nodes"].items() if name != "total")
    return found


def retagging(bench: Bench, times: int) -> dict[str, Any]:
    """One node, then a thousand at once; both change pools."""
    ids, db = iter(bench.made.node_ids), bench.service.db
    one = timed(lambda: db.transact(lambda conn: _retag(conn, next(ids))), times)
    asked = timed(lambda: bench.call("PUT", f"/v1/nodes/{next(ids)}/tags/{fleet.VOCABULARY[0]}"), times)
    some = list(bench.made.node_ids[-BULK:])
    started = time.perf_counter()
    change = {"add": list(fleet.VOCABULARY[:10]), "remove": list(fleet.VOCABULARY[10:20])}
    done = bench.call("POST", "/v1/nodes/tags", {"filter": {"node_ids": some}, **change})
    return {
        "retag_ms": one,
        "retag_request_ms": asked,
        "bulk_retag_s": round(time.perf_counter() - started, 2),
        "bulk_moved": done["moved"],
    }


def _retag(conn: sa.Connection, node_id: str) -> None:
    """The transaction that changes a node's tags: one goes, another comes, and it changes pools."""
    seen = offers.seen(conn, [node_id], lock=True)
    here = seen.tags[node_id]
    after = {node_id: here - {min(here)} | {min(set(fleet.VOCABULARY) - here)}}
    node_tags.change(conn, seen.tags, after, node_tags.Author("bench", None))
    offers.retag(conn, seen, after)


def rebuild(bench: Bench, seconds: float) -> dict[str, Any]:
    """Seconds from the edit of an expression until its pool is rebuilt, while a process claims out of the others."""
    others = [pool_id for pool_id in bench.made.pool_ids if pool_id != bench.largest]
    begin, told = FORK.Barrier(2), FORK.Queue()
    process = FORK.Process(target=claimer, args=(str(bench.service.url), others, seconds, begin, told))
    process.start()
    begin.wait()
    started = time.perf_counter()
    replaced = [{"op": "replace", "path": "/any", "value": list(fleet.VOCABULARY[40:60])}]
    bench.call("PATCH", f"/v1/pools/{bench.largest}", replaced)
    while bench.service.conductor.rebuilder.rebuild():
        pass
    took = time.perf_counter() - started
    claims = told.get(timeout=seconds + 120)
    process.join()
    assert not bench.call("GET", f"/v1/pools/{bench.largest}")["rebuilding"]
    more = {"claims_meanwhile": len(claims.seconds), "claims_failed": claims.failed, "claim_p50_ms": claims.quantile(0.5)}
    return {"rebuild_s": round(took, 2), **more}


def measure(kind: str, url: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Every figure on one database."""
    with tempfile.TemporaryDirectory() as directory:
        bench = made(url, Path(directory), asked.nodes)
        found = {"database": kind, "nodes": asked.nodes, **answers(bench, asked.times), **retagging(bench, asked.times)}
        found |= rebuild(bench, asked.seconds)
        found["disagreeing"] = disagreeing(bench)
        bench.service.close()
    return found


def disagreeing(bench: Bench) -> int:
    """Of the first and the last nodes, those whose pools or offers recomputation would change."""
    ids = bench.made.node_ids
    chunks = [list(ids[start : start + nodes.CHUNK]) for start in (0, nodes.CHUNK, len(ids) - BULK, len(ids) - nodes.CHUNK)]
    return sum(len(bench.service.db.query(lambda conn, some=some: offers.disagreeing(conn, some))) for some in chunks)


def main() -> int:
    """:returns: 0 when the bounds hold on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", choices=[*sorted(DATABASES), "sqlite"], action="append", help="default: both that are real")
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=30.0, help="for which a process claims while the pool is rebuilt")
    asked, status = parser.parse_args(), 0
    for kind in asked.db or sorted(DATABASES):
        name = f"bench_capacity_{asked.nodes}"
        if kind == "sqlite":
            with tempfile.TemporaryDirectory() as directory:
                found = measure(kind, f"sqlite:///{directory}/bench.sqlite", asked)
        else:
            services.up(kind)
            found = measure(kind, services.create_database(DATABASES[kind], name), asked)
            services.drop_database(DATABASES[kind], name)
        missed = [key for key, most in BOUNDS.items() if found[key] > most]
        status |= bool(missed)
        print(json.dumps({"benchmark": "capacity", **found, "missed": missed}), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
