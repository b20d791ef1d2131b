# SPDX-License-Identifier: Apache-2.0
"""Facts of Ironic in expressions and filters: mirrored, shown, followed; Python and SQL read them alike."""

import random

import pytest

from baremetal_svc.db import models
from baremetal_svc.domain import facts
from baremetal_svc.domain.pool import Expression
from baremetal_svc.scheduler import offers
from tests.fixtures.service import ADMIN, Service
from tests.functional.pools.test_edit import made, offered

OWN = {
    "traits": ("HW_CPU_X86_VMX", "CUSTOM_GOLD"),
    "properties": {"capabilities": "boot_mode:uefi,tpm:2", "failure_domain": "dc1/room2/rack7"},
    "owner": "p1",
    "lessee": "p2",
    "conductor_group": "east",
    "shard": "s1",
    "retired": True,
}
TERMS = (
    "trait:CUSTOM_GOLD", "capability:boot_mode=uefi", "capability:tpm=2", "resource_class:baremetal", "owner:p1", "lessee:p2",
    "conductor_group:east", "shard:s1", "retired:true", "protected:false", "health:ok", "domain:dc1", "domain:dc1/room2",
    "domain:dc1/room2/rack7",
)  # fmt: skip


@pytest.fixture
def rich(service: Service) -> str:
    """The id of a node with all facts, among three without."""
    service.token = ADMIN
    service.prepared()
    [node_id] = service.world.add_nodes(1, prefix="rich", **OWN)
    service.sync()
    return str(node_id)


def members(service: Service, pool: str) -> set[str]:
    return {row["node_id"] for row in service.rows(models.PoolMember) if row["pool_id"] == pool}


@pytest.mark.parametrize("term", TERMS)
def test_every_fact_can_make_a_pool(service: Service, rich: str, term: str) -> None:
    pool = made(service, "p", all=[term])
    everybody = term in ("resource_class:baremetal", "protected:false", "health:ok")
    assert members(service, pool) == (set(service.world.nodes) if everybody else {rich})
    filtered = service.call("POST", "/v1/nodes/tags", {"filter": {"all": [term]}, "add": ["x"], "dry_run": True}).json
    assert filtered["matched"] == (4 if everybody else 1)


def test_facts_are_shown_from_1_5_on(service: Service, rich: str) -> None:
    shown = service.call("GET", f"/v1/nodes/{rich}").json
    assert shown["capabilities"] == {"boot_mode": "uefi", "tpm": "2"}
    names = ("owner", "lessee", "conductor_group", "shard", "retired", "protected", "health", "failure_domain")
    assert [shown[name] for name in names] == ["p1", "p2", "east", "s1", True, False, "ok", "dc1/room2/rack7"]
    assert "health" not in service.call("GET", f"/v1/nodes/{rich}", version="1.4").json


def test_a_node_follows_its_facts(service: Service, rich: str) -> None:
    pool = made(service, "p", all=["domain:dc1/room2", "health:ok"], none=["retired:true"])
    assert members(service, pool) == set()
    service.world.nodes[rich].retired = False
    service.sync()
    assert members(service, pool) == offered(service, pool) == {rich}
    service.world.nodes[rich].fault, service.world.nodes[rich].maintenance = "power failure", True
    service.sync()
    assert members(service, pool) == set()
    assert service.call("GET", f"/v1/nodes/{rich}").json["health"] == "power-failure"
    assert {row["term"] for row in service.rows(models.NodeFact) if row["node_id"] == rich and row["term"].startswith("health")} == {
        "health:power-failure"
    }


@pytest.mark.parametrize("tag", ["trait:CUSTOM_GOLD", "domain:dc1", "retired:true", "owner:"])
def test_a_fact_is_not_put_on_by_hand(service: Service, rich: str, tag: str) -> None:
    refused = service.call("PUT", f"/v1/nodes/{rich}/tags/{tag.replace('/', '-')}")
    assert refused.status == 400 and "named like a fact" in refused.json["message"]
    assert service.call("POST", "/v1/nodes/tags", {"filter": {"node_ids": [rich]}, "add": [tag.replace("/", "-")]}).status == 400


def test_an_aggregate_cannot_pretend_a_fact(service: Service, rich: str) -> None:
    pool = made(service, "p", all=["capability:tpm=2"])
    aggregate = service.call("POST", "/v1/aggregates", {"name": "a", "metadata": {"capability:tpm": "2"}}).json["uuid"]
    assert service.call("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": "node-0"}).status == 204
    assert members(service, pool) == {rich}
    assert service.call("POST", "/v1/nodes/tags", {"filter": {"all": ["capability:tpm=2"]}, "add": ["x"]}).json["matched"] == 1


def test_python_and_sql_select_the_same_nodes(service: Service, rich: str) -> None:
    dice = random.Random(7)
    for number, node_id in enumerate(sorted(service.world.nodes)):
        service.call("PUT", f"/v1/nodes/{node_id}/tags", {"tags": [f"t{bit}" for bit in range(3) if number >> bit & 1]})
    terms = [*TERMS, "t0", "t1", "t2", "unknown"]
    with service.db.read() as conn:
        known = offers.seen(conn, list(service.world.nodes)).facts.values()
    for _ in range(60):
        parts = {name: dice.sample(terms, dice.randrange(3)) for name in ("all", "any", "none")}
        if not any(parts.values()):
            continue
        body = {"filter": {name: found for name, found in parts.items() if found}, "add": ["x"], "dry_run": True}
        selected = sum(Expression.of(**parts).holds(facts.terms(node)) for node in known)
        assert service.call("POST", "/v1/nodes/tags", body).json["matched"] == selected, parts
