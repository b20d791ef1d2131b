# SPDX-License-Identifier: Apache-2.0
"""Two conductors, one of which is killed or stopped while it runs operations: when the other one has them, and what the stopped one does
when it comes back."""

import signal
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.conf.service import CONDUCTOR
from devstack.local import layout, metal
from tests.chaos.proxy import Proxy
from tests.fixtures.cluster import IMAGE, Cluster, machines, wait_for

CLASS = f"take-{uuid.uuid4().hex[:8]}"
MACHINES, SERVERS = 6, 5
#: As an operator gets it who configures nothing.
LEASE = next(option.default for option in CONDUCTOR if option.name == "lease")
OPTIONS = {"conductor.listing_interval": 0.5, "conductor.inventory_interval": 2.0}
_RUNNING = sa.text("SELECT id, generation FROM operations WHERE state = 'running' AND owner LIKE :owner")
_LIVE = sa.text("SELECT COUNT(*) FROM operations WHERE state IN ('pending', 'running', 'waiting')")

_STANDING = sa.text(
    "SELECT kind, target_id, state, owner, wake_at, wait_node, wait_for, attempts, reason, error FROM operations WHERE state <> 'done'"
)


@pytest.fixture(scope="module", name="machines")
def fake_machines() -> Iterator[list[metal.Machine]]:
    with machines(CLASS, MACHINES) as made:
        yield made


class Slow(Proxy):
    """Writes down what passes, and takes a second for each change: else operations run for moments, and nobody could stop one there."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream, 0, kept=0.0, lost=0.0, cut=0.0)

    def _deliver(self, request: bytes, late: float = 0.0) -> bytes:
        if not request.startswith(b"GET "):
            threading.Event().wait(1.0)
        return super()._deliver(request, late)


@pytest.fixture
def proxies() -> Iterator[dict[str, Proxy]]:
    made: dict[str, Proxy] = {name: Slow(layout.PORTS[name]) for name in ("ironic", "neutron")}
    yield made
    for proxy in made.values():
        proxy.close()


@pytest.fixture
def cluster(machines: list[metal.Machine], proxies: dict[str, Proxy], tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path, options=OPTIONS)
    try:
        made.start("api-0")
        # Of the one that is stopped, every request is seen. It is alone at first, so that it is the one that has the work.
        made.configure({f"{name}.endpoint_override": proxy.url for name, proxy in proxies.items()})
        made.start("conductor-0")
        made.wait_until_up()
        made.wait_for_offers(MACHINES, CLASS)
        yield made
    finally:
        made.close()


@pytest.fixture
def engine(cluster: Cluster) -> Iterator[sa.Engine]:
    made = sa.create_engine(cluster.database_url, isolation_level="AUTOCOMMIT")
    yield made
    made.dispose()


def _create(cluster: Cluster, count: int) -> None:
    server = {"name": "t", "flavor_uuid": cluster.flavor(CLASS), "image_uuid": IMAGE, "networks": [{"net_id": cluster.network()}]}
    status, _, reply = cluster.request("POST", "/v1/servers", {"server": {**server, "min_count": count, "max_count": count}})
    assert status == 201, reply


def _stop_at_work(cluster: Cluster, engine: sa.Engine) -> dict[str, int]:
    """Stop conductor-0 at an instant at which it runs operations; their ids and generations."""

    def stopped() -> dict[str, int]:
        if not _owned(engine):
            return {}
        cluster.signal("conductor-0", signal.SIGSTOP)
        # Only now nothing changes any more.
        owned = _owned(engine)
        if not owned:
            cluster.signal("conductor-0", signal.SIGCONT)
        return owned

    found: dict[str, int] = wait_for("conductor-0 at work", stopped, 60, pause=0.01)
    return found


def _start_other(cluster: Cluster) -> None:
    cluster.configure({f"{name}.endpoint_override": layout.URLS[name] for name in ("ironic", "neutron")})
    cluster.start("conductor-1")


def _owned(engine: sa.Engine) -> dict[str, int]:
    with engine.connect() as conn:
        return dict(conn.execute(_RUNNING, {"owner": "conductor-0:%"}).tuples().all())


def _seconds_until_taken(engine: sa.Engine, owned: dict[str, int], begin: float) -> float:
    """Seconds since ``begin`` until the other conductor had taken the last of them."""
    wait_for("take-over", lambda: not owned.items() & _owned(engine).items(), LEASE + 30, pause=0.05)
    return time.monotonic() - begin


def _wait_for_servers(cluster: Cluster, engine: sa.Engine, count: int) -> None:
    def done() -> bool:
        with engine.connect() as conn:
            live = conn.execute(_LIVE).scalar_one()
        return live == 0 and [row["status"] for row in cluster.request("GET", "/v1/servers")[2]["servers"]] == ["active"] * count

    try:
        wait_for(f"{count} active servers", done, 120, pause=0.3)
    except TimeoutError:
        # Seldom, and gone with the directory: what stands where, and what the conductors said of it.
        with engine.connect() as conn:
            print(*conn.execute(_STANDING).tuples(), sep="\n")
        print(*cluster.log_lines("Traceback|Exception| WARNING | ERROR | CRITICAL ")[-30:], sep="\n")
        raise


def _rows(engine: sa.Engine) -> dict[str, set[tuple[Any, ...]]]:
    """What a conductor writes for operations; the inventory's rows follow Ironic whoever writes them."""
    names = ("operations", "steps", "servers", "nics", "claims", "logbooks", "secrets", "faults")
    with engine.connect() as conn:
        return {name: {tuple(map(str, row)) for row in conn.execute(sa.text(f"SELECT * FROM {name}"))} for name in names}


def _delete_all(cluster: Cluster, engine: sa.Engine) -> None:
    for server in cluster.request("GET", "/v1/servers")[2]["servers"]:
        assert cluster.request("DELETE", f"/v1/servers/{server['uuid']}")[0] == 204
    _wait_for_servers(cluster, engine, 0)


def test_operations_of_a_dead_conductor_are_taken_over_in_time(cluster: Cluster, engine: sa.Engine) -> None:
    _create(cluster, SERVERS)
    owned = _stop_at_work(cluster, engine)
    begin = time.monotonic()
    cluster.kill("conductor-0")
    _start_other(cluster)
    took = _seconds_until_taken(engine, owned, begin)
    print(f"{len(owned)} operations taken over after {took:.1f} s, with a lease of {LEASE:.0f} s")
    assert took <= LEASE + 5
    _wait_for_servers(cluster, engine, SERVERS)
    _delete_all(cluster, engine)


def test_a_stopped_conductor_that_comes_back_changes_nothing(cluster: Cluster, engine: sa.Engine, proxies: dict[str, Proxy]) -> None:
    _create(cluster, SERVERS)
    owned = _stop_at_work(cluster, engine)
    begin = time.monotonic()
    _start_other(cluster)
    took = _seconds_until_taken(engine, owned, begin)
    print(f"{len(owned)} operations taken over after {took:.1f} s, with a lease of {LEASE:.0f} s")
    # Stopped in the middle of a transaction, it holds rows until the database ends that.
    assert took <= LEASE + 5
    _wait_for_servers(cluster, engine, SERVERS)
    before, sent = _rows(engine), {name: len(proxy.changes) for name, proxy in proxies.items()}
    # Nobody else is there now: whatever is done from here on, the one that comes back does.
    cluster.kill("conductor-1")
    cluster.signal("conductor-0", signal.SIGCONT)
    _create(cluster, 1)
    _wait_for_servers(cluster, engine, SERVERS + 1)
    after = _rows(engine)
    assert {name: rows - after[name] for name, rows in before.items() if rows - after[name]} == {}
    ours = _touched(engine, owned)
    late = [change for name, proxy in proxies.items() for change in proxy.changes[sent[name] :]]
    assert late and [change for change in late if any(name in f"{change.path} {change.server}" for name in ours)] == []
    _delete_all(cluster, engine)


def _touched(engine: sa.Engine, owned: dict[str, int]) -> set[str]:
    """Ids of the servers, machines and ports of these operations."""
    columns = "s.id, s.node_id, n.port_id"
    joined = "operations o JOIN servers s ON s.id = o.target_id LEFT JOIN nics n ON n.server_id = s.id"
    statement = sa.text(f"SELECT {columns} FROM {joined} WHERE o.id IN :ids").bindparams(sa.bindparam("ids", expanding=True))
    with engine.connect() as conn:
        return {value for row in conn.execute(statement, {"ids": list(owned)}) for value in row if value}
