# SPDX-License-Identifier: Apache-2.0
"""Pools on real Ironic: five of twenty machines are tagged into one, servers take them all, the next one is told why there is none, a free
machine is tagged, and there is."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from devstack.local import metal
from tests.fixtures.cluster import IMAGE, Cluster, machines, wait_for

CLASS = f"pool-{uuid.uuid4().hex[:8]}"
TAG = f"pool:{CLASS}"
MACHINES, TAGGED = 20, 5
OPTIONS = {"conductor.listing_interval": 0.5, "conductor.inventory_interval": 2.0}


@pytest.fixture(scope="module", name="machines")
def fake_machines() -> Iterator[list[metal.Machine]]:
    with machines(CLASS, MACHINES) as made:
        yield made


@pytest.fixture
def cluster(machines: list[metal.Machine], tmp_path: Path) -> Iterator[Cluster]:
    made = Cluster(tmp_path, options=OPTIONS)
    try:
        for name in ("api-0", "conductor-0"):
            made.start(name)
        made.wait_until_up()
        made.wait_for_offers(MACHINES, CLASS)
        yield made
    finally:
        made.close()


def _asked(cluster: Cluster, method: str, path: str, body: Any, status: int, *, admin: bool = True) -> Any:
    found, _, reply = cluster.request(method, path, body, admin=admin)
    assert found == status, reply
    return reply


def _create(cluster: Cluster, flavor: str, count: int) -> str:
    """Name of the servers."""
    server = {"name": f"p{uuid.uuid4().hex[:8]}", "flavor_uuid": flavor, "image_uuid": IMAGE, "networks": [{"net_id": cluster.network()}]}
    _asked(cluster, "POST", "/v1/servers", {"server": {**server, "min_count": count, "max_count": count}}, 201, admin=False)
    return str(server["name"])


def _ended(cluster: Cluster, name: str) -> list[dict[str, Any]]:
    """The servers of a create, as operators see them, when none of them is being built any more."""

    def ended() -> Any:
        found = _asked(cluster, "GET", f"/v1/servers?all_tenants=true&name={name}", None, 200)["servers"]
        return found if found and all(server["status"] != "building" for server in found) else None

    found = wait_for(f"servers {name}", ended, 120, pause=0.3)
    return [_asked(cluster, "GET", f"/v1/servers/{server['uuid']}", None, 200) for server in found]


def test_tag_create_until_empty_retag_create(cluster: Cluster, machines: list[metal.Machine]) -> None:
    nodes = [machine.node for machine in machines]
    names = {machine.node: machine.name for machine in machines}
    pool = _asked(cluster, "POST", "/v1/pools", {"name": CLASS, "all": [TAG]}, 201)
    assert pool["nodes"] == 0
    wanted = {"filter": {"node_ids": nodes[:TAGGED]}, "add": [TAG]}
    told = {"matched": TAGGED, "changed": TAGGED, "moved": TAGGED}
    assert _asked(cluster, "POST", "/v1/nodes/tags", {**wanted, "dry_run": True}, 200) == {**told, "dry_run": True}
    assert _asked(cluster, "GET", f"/v1/pools/{pool['uuid']}", None, 200)["nodes"] == 0
    assert _asked(cluster, "POST", "/v1/nodes/tags", wanted, 200) == {**told, "dry_run": False}
    assert _asked(cluster, "GET", f"/v1/pools/{pool['uuid']}", None, 200)["nodes"] == TAGGED
    body = {"name": CLASS, "description": "d", "resources": {CLASS: 1}, "pools": [pool["uuid"]]}
    flavor = _asked(cluster, "POST", "/v1/flavors", body, 201)["uuid"]
    made = _ended(cluster, _create(cluster, flavor, TAGGED))
    assert [server["status"] for server in made] == ["active"] * TAGGED, made
    assert {server["node"] for server in made} == {names[node] for node in nodes[:TAGGED]}
    # All are in use: the next one is told what stands in its way.
    [refused] = _ended(cluster, _create(cluster, flavor, 1))
    [operation] = _asked(cluster, "GET", f"/v1/operations?server_uuid={refused['uuid']}", None, 200)["operations"]
    placement = _asked(cluster, "GET", f"/v1/operations/{operation['uuid']}", None, 200)["placement"]
    assert (refused["status"], operation["error"]["code"]) == ("error", "no_valid_node")
    counts = {row["predicate"]: row["nodes"] for row in placement["explanation"]["table"]}
    assert counts["in the flavor's pools and resource class"] == TAGGED and min(counts.values()) == 0, placement
    # A free machine more.
    assert _asked(cluster, "PUT", f"/v1/nodes/{nodes[TAGGED]}/tags", {"tags": [TAG]}, 200, admin=True) == {"tags": [TAG]}
    [served] = _ended(cluster, _create(cluster, flavor, 1))
    assert (served["status"], served["node"]) == ("active", names[nodes[TAGGED]])
    for server in [*made, refused, served]:
        _asked(cluster, "DELETE", f"/v1/servers/{server['uuid']}", None, 204, admin=False)
    everybody = "/v1/servers?all_tenants=true&limit=1"
    wait_for("servers gone", lambda: not _asked(cluster, "GET", everybody, None, 200)["servers"], 120, pause=0.5)
