# SPDX-License-Identifier: Apache-2.0
"""The claim among 100,000 nodes in 50 overlapping pools, on MariaDB and PostgreSQL: latency, rate, and ratios within one run.

Each claim is the transaction that a create makes for its node; the claimers are processes. See benchmarks/README.rst.
"""

import argparse
import json
import multiprocessing
import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from baremetal_svc.db import flavors, groups, migration, models, pools
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.scheduler.claim import Request, claim_nodes
from baremetal_svc.scheduler.explanation import explain
from benchmarks import fleet, python_filter
from devstack.local import services

FORK = multiprocessing.get_context("fork")
DATABASES = {"mariadb": "mysql", "postgresql": "postgresql"}
#: key -> (bound, whether more is better)
BOUNDS: dict[str, tuple[float, bool]] = {
    "p50_ms_1": (3.0, False),
    "claims_per_s_8": (500.0, True),
    "p99_ms_32": (200.0, False),
    "ratio_to_python_filter": (500.0, True),
    "cost_ratio_1000_to_all": (3.0, False),
    "gang_ms": (100.0, False),
    "explain_ms": (1000.0, False),
    "failed": (0.0, False),
    "doubled": (0.0, False),
}


@dataclass
class Claims:
    """What claimers did: seconds of each claim, and how many ended otherwise."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    failed: int = 0
    wall: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.wall

    def quantile(self, part: float) -> float:
        """Milliseconds."""
        return round(sorted(self.seconds)[int(part * (len(self.seconds) - 1))] * 1000, 2)


def take(db: Database, request: Request, count: int = 1, servers: list[str] | None = None) -> int:
    """One claim, as ClaimNode makes it; how many nodes."""
    server_ids = servers or [str(uuid.uuid4()) for _ in range(count)]
    options = {"project_id": "bench", "least": count, "generation": 1, "skips_locked": True}
    return db.transact(lambda conn: claim_nodes(conn, server_ids, request, **options))  # type: ignore[arg-type]


def claimer(url: str, pool_ids: list[str], seconds: float, begin: Any, answers: Any) -> None:
    """One process: claims out of random pools until the time is over."""
    db, dice, done = Database(url), random.Random(), Claims()
    with db.read() as conn:
        conn.execute(sa.select(1))
    take(db, Request([pool_ids[0]], fleet.CLASS, grouped=False))
    begin.wait()
    end = time.monotonic() + seconds
    while (started := time.monotonic()) < end:
        try:
            taken = take(db, Request([dice.choice(pool_ids)], fleet.CLASS, grouped=False))
        except Unavailable:
            done.failed += 1
            continue
        if taken:
            done.seconds.append(time.monotonic() - started)
        else:
            done.refused += 1
    answers.put(done)
    db.close()


def claims(url: str, pool_ids: list[str], claimers: int, seconds: float) -> Claims:
    """So many claimers at once."""
    begin, answers = FORK.Barrier(claimers + 1), FORK.Queue()
    processes = [FORK.Process(target=claimer, args=(url, pool_ids, seconds, begin, answers)) for _ in range(claimers)]
    for process in processes:
        process.start()
    begin.wait()
    started, done = time.monotonic(), Claims()
    for _ in processes:
        one = answers.get(timeout=seconds + 120)
        done.seconds += one.seconds
        done.refused, done.failed = done.refused + one.refused, done.failed + one.failed
    done.wall = time.monotonic() - started
    for process in processes:
        process.join()
    return done


def timed(work: Callable[[], object], times: int = 1) -> float:
    """Milliseconds that it takes, the median."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return round(statistics.median(taken), 2)


def compared(url: str, db: Database, made: fleet.Fleet, asked: argparse.Namespace) -> tuple[Claims, dict[str, Any]]:
    """What one claimer does, and its rate over that of the filter in Python, by one client as well.

    One after the other, several times: the machine is twice as fast in one minute as in the next.
    """
    python_filter.prepare(db)
    fleet.settle(db, [python_filter.TABLE.name])
    dice = random.Random(2)

    def filtered() -> None:
        expression = made.expressions[dice.choice(made.pool_ids)]
        db.transact(lambda conn: python_filter.claim(conn, expression, fleet.CLASS, str(uuid.uuid4()), dice))

    done, rates, ratios = Claims(), [], []
    for _ in range(asked.rounds):
        rates.append(1000 / timed(filtered))
        one = claims(url, list(made.pool_ids), 1, asked.seconds / asked.rounds)
        ratios.append(one.rate / rates[-1])
        done.seconds += one.seconds
        done.refused, done.failed, done.wall = done.refused + one.refused, done.failed + one.failed, done.wall + one.wall
    found = {"ratios": [round(ratio) for ratio in ratios], "ratio_to_python_filter": round(statistics.median(ratios))}
    return done, {"python_filter_per_s": round(statistics.median(rates), 3), **found}


def gang(db: Database) -> float:
    """Milliseconds of a claim of 16 with at most 4 to a rack."""

    def one() -> None:
        group_id, servers = str(uuid.uuid4()), [str(uuid.uuid4()) for _ in range(16)]
        with db.write() as conn:
            rule = {"policy": "anti-affinity", "level": "rack", "depth": 4, "max_per_domain": 4}
            groups.insert(conn, {"id": group_id, "name": "g", "project_id": "bench", "user_id": "u", **rule})
            conn.execute(sa.insert(models.Server.__table__), [_server(server_id) for server_id in servers])
            for server_id in servers:
                groups.join(conn, group_id, server_id)
        started = time.perf_counter()
        assert take(db, Request([pools.DEFAULT_ID], fleet.CLASS), 16, servers) == 16
        found.append((time.perf_counter() - started) * 1000)

    found: list[float] = []
    for _ in range(9):
        one()
    return round(statistics.median(found), 2)


def _server(server_id: str) -> dict[str, Any]:
    texts = dict.fromkeys(("project_id", "user_id", "name", "status"), "bench")
    ids = {"id": server_id, "flavor_id": flavors.ADOPTED_ID, "image_id": server_id}
    return {**texts, **ids, "metadata": {}, "partitions": {}, "created_at": 1.0}


def fresh(kind: str, count: int) -> tuple[str, Database, fleet.Fleet]:
    """A database with a fleet of so many nodes."""
    url = services.create_database(DATABASES[kind], f"bench_claim_{count}")
    migration.sync(url)
    db = Database(url)
    made = fleet.write(db, count)
    fleet.check(db, made)
    return url, db, made


def measure(kind: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Every figure on one database."""
    found: dict[str, Any] = {"database": kind, "nodes": asked.nodes}
    url, db, made = fresh(kind, asked.nodes)
    one, ratio = compared(url, db, made, asked)
    eight = claims(url, list(made.pool_ids), 8, asked.seconds)
    many = claims(url, list(made.pool_ids), 32, asked.seconds)
    found |= {"p50_ms_1": one.quantile(0.5), "claims_per_s_1": round(one.rate), "claims_per_s_8": round(eight.rate)}
    found |= {"p99_ms_32": many.quantile(0.99), "claims_per_s_32": round(many.rate)}
    found |= {**ratio, "failed": sum(c.failed for c in (one, eight, many))}
    request = Request([made.pool_ids[0]], fleet.CLASS)
    found["explain_ms"] = timed(lambda: db.query(lambda conn: explain(conn, request, wanted=10**6, least=10**6, rule=None, places=[])), 3)
    with db.read() as conn:
        held = models.Claim.__table__.c.held_node
        found["doubled"] = conn.execute(sa.select(sa.func.count(held) - sa.func.count(held.distinct()))).scalar_one()
    db.close()
    small_url, small, few = fresh(kind, 1000)
    # As few claims as leave most of the nodes: it is the same claim out of a smaller pool.
    less = claims(small_url, list(few.pool_ids), 1, 0.3)
    found["cost_ratio_1000_to_all"] = round(one.quantile(0.5) / less.quantile(0.5), 2)
    small.close()
    _, middle, _ = fresh(kind, 10_000)
    found["gang_ms"] = gang(middle)
    middle.close()
    return found


def main() -> int:
    """:returns: 0 when the bounds hold on each database."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--db", choices=sorted(DATABASES), action="append", help="default: both")
    parser.add_argument("--nodes", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--rounds", type=int, default=10)
    asked, status = parser.parse_args(), 0
    for kind in asked.db or sorted(DATABASES):
        services.up(kind)
        found = measure(kind, asked)
        for count in (asked.nodes, 10_000, 1000):
            services.drop_database(DATABASES[kind], f"bench_claim_{count}")
        missed = [key for key, (bound, more) in BOUNDS.items() if (found[key] < bound if more else found[key] > bound)]
        status |= bool(missed)
        print(json.dumps({"benchmark": "claim", **found, "missed": missed}), flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
