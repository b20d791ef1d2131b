# SPDX-License-Identifier: Apache-2.0
"""A retag looks at the pools that name a changed tag only, and writes differences only: it comes to what a look at everything does."""

import random

import pytest
import sqlalchemy as sa

from baremetal_svc.db import models
from baremetal_svc.scheduler import offers
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service

#: Like each other to a pattern of LIKE, with its signs, and parts of each other.
TAGS = ("a_b", "a.b", "axb", "a", "b", "ab", "A", "a=b", "a:b", "availability_zone=z")


@pytest.fixture
def nodes(service: Service) -> list[str]:
    """Ids of three nodes, in order; one of them is in use."""
    service.token = ADMIN
    body = service.prepared()
    server = service.call("POST", "/v1/servers", body).json["uuid"]
    service.work()
    assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"
    return sorted(service.world.nodes)


def pool(service: Service, name: str, **expression: list[str]) -> str:
    return str(service.call("POST", "/v1/pools", {"name": name, **expression}).json["uuid"])


def disagreeing(service: Service, nodes: list[str]) -> list[str]:
    with service.db.read() as conn:
        return offers.disagreeing(conn, nodes)


@pytest.mark.parametrize("seed", range(4))
def test_pools_follow_whatever_the_tags_are(service: Service, nodes: list[str], seed: int) -> None:
    dice = random.Random(seed)
    for number in range(6):
        terms = [*TAGS, "retired:false", "health:ok", "nobody"]
        pool(service, f"p{number}", **{part: dice.sample(terms, dice.randrange(3)) for part in ("all", "any", "none")})
    for _ in range(25):
        tags = dice.sample(TAGS, dice.randrange(len(TAGS) + 1))
        assert service.call("PUT", f"/v1/nodes/{dice.choice(nodes)}/tags", {"tags": tags}).status == 200
        more, less = tags[:2], [tag for tag in TAGS if tag not in tags][:1]
        if more or less:
            change = {"filter": {"node_ids": dice.sample(nodes, 3)}, "add": more, "remove": less}
            dry = service.call("POST", "/v1/nodes/tags", {**change, "dry_run": True}).json
            assert service.call("POST", "/v1/nodes/tags", change).json == {**dry, "dry_run": False}
        assert disagreeing(service, nodes) == []


@pytest.mark.parametrize("zone", ['Room "4"', "back\\slash", "Zürich", "a/b", "50%"])
def test_zones_that_json_may_write_in_another_way(service: Service, nodes: list[str], zone: str) -> None:
    east = pool(service, "east", all=["east"])
    with service.db.write() as conn:
        # As one of an earlier release could be.
        conn.execute(sa.update(models.Pool).where(models.Pool.id == east).values(all_of=[f"availability_zone={zone}"]))
    body = {"name": "a", "metadata": {"availability_zone": zone}}
    aggregate = service.call("POST", "/v1/aggregates", body).json["uuid"]
    free = next(row["node_id"] for row in service.rows(models.Offer))
    name = service.call("GET", f"/v1/nodes/{free}").json["name"]
    assert service.call("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": name}).status == 204
    assert set(service.call("GET", f"/v1/nodes/{free}").json["pools"]) == {DEFAULT_POOL, east}
    assert service.call("DELETE", f"/v1/aggregates/{aggregate}/nodes/{name}").status == 204
    assert service.call("GET", f"/v1/nodes/{free}").json["pools"] == [DEFAULT_POOL]
    assert disagreeing(service, nodes) == []


def test_a_move_to_another_pool_is_nine_statements(service: Service, nodes: list[str]) -> None:
    there = pool(service, "there", all=["there"])
    pool(service, "here", all=["here"])
    free = next(row["node_id"] for row in service.rows(models.Offer))
    tags = f"/v1/nodes/{free}/tags"
    service.call("PUT", tags, {"tags": ["here", "ssd"]})
    said: list[str] = []
    sa.event.listen(service.db.engine, "before_cursor_execute", lambda *args: said.append(args[2].split()[0]))
    assert service.call("PUT", tags, {"tags": ["ssd", "there"]}).json == {"tags": ["ssd", "there"]}
    # Lock and read the node; what is about it; tag and history; the pools that name a tag; members and offers, out and in.
    assert [word for word in said if word not in ("BEGIN", "COMMIT")] == [
        *("SELECT", "SELECT", "UPDATE", "INSERT", "SELECT"),
        *("DELETE", "INSERT", "DELETE", "INSERT"),
    ]
    assert {row["node_id"] for row in service.rows(models.Offer) if row["pool_id"] == there} == {free}
    changes = service.call("GET", f"{tags}/history?limit=2").json["changes"]
    assert {(change["tag"], change["change"]) for change in changes} == {("here", "removed"), ("there", "added")}
