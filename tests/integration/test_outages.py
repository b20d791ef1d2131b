# SPDX-License-Identifier: Apache-2.0
"""A minute without database and bus, in the middle of deploys and deletes: the service pauses and goes on, and nothing accepted is lost."""

import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from devstack.local import layout, metal, services
from tests.fixtures.balancer import Balancer
from tests.fixtures.cluster import IMAGE, Cluster, machines, wait_for

CLASS = f"out-{uuid.uuid4().hex[:8]}"
MACHINES, SERVERS = 6, 4
AWAY = 60.0
OPTIONS = {"conductor.listing_interval": 0.5, "conductor.inventory_interval": 2.0}
_LIVE = sa.text("SELECT COUNT(*) FROM operations WHERE state IN ('pending', 'running', 'waiting')")
_STATES = sa.text("SELECT kind, state, COUNT(*) FROM operations GROUP BY kind, state ORDER BY kind, state")


@pytest.fixture(scope="module", name="machines")
def fake_machines() -> Iterator[list[metal.Machine]]:
    with machines(CLASS, MACHINES) as made:
        yield made


@pytest.fixture
def lines() -> Iterator[dict[str, Balancer]]:
    """What the service reaches database and bus by. Ironic and Neutron keep theirs: what they make of an outage is not asked here."""
    made = {name: Balancer([layout.PORTS[name]]) for name in ("mariadb", "rabbitmq")}
    yield made
    for line in made.values():
        line.close()


@pytest.fixture
def cluster(machines: list[metal.Machine], lines: dict[str, Balancer], tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path, options=OPTIONS, deploy_delay=3, power_delay=1)
    transport = made.transport_url.replace(f":{layout.PORTS['rabbitmq']}", f":{lines['rabbitmq'].port}")
    database = sa.make_url(made.database_url).set(port=lines["mariadb"].port).render_as_string(hide_password=False)
    made.configure({"database.connection": database, "DEFAULT.transport_url": transport})
    try:
        for name in ("api-0", "conductor-0", "conductor-1"):
            made.start(name)
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


def _create(cluster: Cluster, body: dict[str, Any], key: str) -> tuple[int, dict[str, str], Any]:
    return cluster.request("POST", "/v1/servers", {"server": body}, headers={"Idempotency-Key": key})


def _count(engine: sa.Engine) -> int:
    with engine.connect() as conn:
        return int(conn.execute(_LIVE).scalar_one())


def _servers(cluster: Cluster) -> list[str]:
    return sorted(server["status"] for server in cluster.request("GET", "/v1/servers")[2]["servers"])


def _away(cluster: Cluster, body: dict[str, Any], seconds: float) -> int:
    """Ask again and again while the database is away; how many times it was said to come back later."""
    end, refused, pause = time.monotonic() + seconds, 0, threading.Event()
    while time.monotonic() < end:
        for method, path, sent in (("POST", "/v1/servers", {"server": body}), ("GET", "/v1/servers", None)):
            status, headers, reply = cluster.request(method, path, sent)
            assert (status, int(headers["retry-after"]) > 0) == (503, True), (method, path, status, reply)
            assert reply["errors"][0]["code"] and reply["errors"][0]["request_id"].startswith("req-"), reply
            refused += 1
        pause.wait(2.0)
    return refused


def test_a_minute_without_database_and_bus(cluster: Cluster, engine: sa.Engine, lines: dict[str, Balancer]) -> None:
    body = {"name": "o", "flavor_uuid": cluster.flavor(CLASS), "image_uuid": IMAGE, "networks": [{"net_id": cluster.network()}]}
    first = _create(cluster, body, "first")
    assert first[0] == 201
    wait_for("a server", lambda: _servers(cluster) == ["active"], 90)
    # In the middle of a delete and of deploys.
    assert cluster.request("DELETE", f"/v1/servers/{first[2]['uuid']}")[0] == 204
    made = [_create(cluster, body, f"o{number}") for number in range(SERVERS)]
    assert [status for status, *_ in made] == [201] * SERVERS
    wait_for("work", lambda: _count(engine) >= SERVERS, 10, pause=0.01)
    begin = time.monotonic()
    for name in ("rabbitmq", "mariadb"):
        lines[name].cut(layout.PORTS[name])
    refused = _away(cluster, body, AWAY)
    print(f"{refused} requests were told to come back, in {time.monotonic() - begin:.0f} s without database and bus")
    assert refused > 20
    lines["mariadb"].put_in(layout.PORTS["mariadb"])
    # Without the bus it is taken all the same: conductors look for themselves.
    wait_for("a server more", lambda: _create(cluster, body, "late")[0] == 201, 15)
    wait_for("servers", lambda: _servers(cluster) == ["active"] * (SERVERS + 1), 120, pause=0.5)
    lines["rabbitmq"].put_in(layout.PORTS["rabbitmq"])
    wait_for("the end of every operation", lambda: not _count(engine), 60, pause=0.3)
    _check_all_well(cluster, engine, body, made)


def _check_all_well(cluster: Cluster, engine: sa.Engine, body: dict[str, Any], made: list[Any]) -> None:
    # Nobody gave up, and nothing was done twice, nor is it when it is asked again.
    assert {name: process.poll() for name, process in cluster.processes.items() if process.poll() is not None} == {}
    assert [_create(cluster, body, f"o{number}")[2]["uuid"] for number in range(SERVERS)] == [reply["uuid"] for *_, reply in made]
    with engine.connect() as conn:
        states = {(kind, state): count for kind, state, count in conn.execute(_STATES)}
    assert states == {("servers.create", "done"): SERVERS + 2, ("servers.delete", "done"): 1, ("nodes.release", "done"): 1}
    nodes = [node["instance_uuid"] for node in services.client("ironic").get("/nodes?detail=true&limit=1000")["nodes"]]
    mine = {server["uuid"] for server in cluster.request("GET", "/v1/servers")[2]["servers"]}
    assert len(mine) == SERVERS + 1 and sorted(node for node in nodes if node) == sorted(mine)
    for server_id in mine:
        assert cluster.request("DELETE", f"/v1/servers/{server_id}")[0] == 204
    wait_for("servers gone", lambda: _servers(cluster) == [], 120, pause=0.3)
