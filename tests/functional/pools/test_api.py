# SPDX-License-Identifier: Apache-2.0
"""Pools over REST, and what membership and offers follow from."""

from baremetal_svc.db import models, node_tags
from baremetal_svc.scheduler import offers
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service


def _tag(service: Service, node_id: str, *tags: str) -> None:
    with service.db.write() as conn:
        node_tags.change(conn, offers.seen(conn, [node_id]).tags, {node_id: frozenset(tags)}, node_tags.Author(None, None))
        offers.recompute(conn, [node_id])


def test_a_pool_has_the_nodes_of_its_expression(service: Service) -> None:
    one, two, three = service.world.add_nodes(3)
    service.sync()
    _tag(service, one, "ssd", "gold")
    _tag(service, two, "ssd")
    reply = service.call("POST", "/v1/pools", {"name": "p", "all": ["ssd"], "none": ["gold"]}, token=ADMIN)
    assert (reply.status, reply.json["nodes"]) == (201, 1)
    shown = service.call("GET", f"/v1/nodes/{two}", token=ADMIN).json
    assert set(shown["pools"]) == {DEFAULT_POOL, reply.json["uuid"]}
    _tag(service, three, "ssd")
    assert [pool["nodes"] for pool in service.call("GET", "/v1/pools", token=ADMIN).json["pools"] if pool["name"] == "p"] == [2]


def test_a_claim_draws_on_the_flavors_pools_in_order_and_on_no_other(service: Service) -> None:
    body = service.prepared()
    gold = sorted(service.world.nodes)[0]
    _tag(service, gold, "gold")
    pool = service.call("POST", "/v1/pools", {"name": "gold", "all": ["gold"]}, token=ADMIN).json["uuid"]
    body["server"]["flavor_uuid"] = service.flavor(pools=[pool])
    servers = [service.call("POST", "/v1/servers", body).json["uuid"] for _ in range(2)]
    service.work()
    statuses = sorted(service.call("GET", f"/v1/servers/{server_id}").json["status"] for server_id in servers)
    assert statuses == ["active", "error"]
    assert [row["node_id"] for row in service.rows(models.Claim)] == [gold]


def test_a_node_in_use_changes_pools_when_it_is_released(service: Service) -> None:
    body = service.prepared(nodes=1)
    node_id = next(iter(service.world.nodes))
    server = service.call("POST", "/v1/servers", body).json
    service.work()
    pool = service.call("POST", "/v1/pools", {"name": "new", "all": ["x"]}, token=ADMIN).json["uuid"]
    _tag(service, node_id, "x")
    assert service.call("GET", f"/v1/nodes/{node_id}", token=ADMIN).json["pools"] == [DEFAULT_POOL]
    service.call("DELETE", f"/v1/servers/{server['uuid']}")
    service.work()
    assert set(service.call("GET", f"/v1/nodes/{node_id}", token=ADMIN).json["pools"]) == {DEFAULT_POOL, pool}


def test_bad_pools(service: Service) -> None:
    for body in ({}, {"name": "p", "all": ["a b"]}, {"name": "p", "all": "x"}, {"name": "p", "any": ["a", "a"]}, {"name": "p", "x": 1}):
        assert service.call("POST", "/v1/pools", body, token=ADMIN).status == 400
    assert service.call("POST", "/v1/pools", {"name": "p"}).status == 403
    assert service.call("POST", "/v1/pools", {"name": "p"}, token=ADMIN).status == 201
    assert service.call("POST", "/v1/pools", {"name": "p"}, token=ADMIN).status == 409


def test_offers_follow_maintenance_and_disappearance(service: Service) -> None:
    one, two, _ = service.world.add_nodes(3)
    service.sync()
    service.world.nodes[one].maintenance = True
    del service.world.nodes[two]
    service.sync()
    assert len(service.rows(models.Offer)) == 1
    with service.db.read() as conn:
        assert {f.id for f in offers.seen(conn, [one, two]).facts.values() if f.gone} == {two}
    service.world.nodes[one].maintenance = False
    service.sync()
    assert len(service.rows(models.Offer)) == 2


def test_an_idempotency_key_makes_one_pool(service: Service) -> None:
    key = {"Idempotency-Key": "k"}
    first = service.call("POST", "/v1/pools", {"name": "p"}, token=ADMIN, headers=key)
    again = service.call("POST", "/v1/pools", {"name": "p"}, token=ADMIN, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert first.json["uuid"] == again.json["uuid"]
