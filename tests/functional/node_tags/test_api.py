# SPDX-License-Identifier: Apache-2.0
"""Tags of nodes: one by one and in bulk, what pools follow from them, who changed what, and what aggregates own."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.db import models, purge
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service


@pytest.fixture
def nodes(service: Service) -> list[str]:
    """Ids of three nodes, in order."""
    service.token = ADMIN
    service.body = service.prepared()  # type: ignore[attr-defined]
    return sorted(service.world.nodes)


def bulk(service: Service, **body: Any) -> Any:
    reply = service.call("POST", "/v1/nodes/tags", body)
    return reply.json if reply.status == 200 else reply.status


def pool(service: Service, name: str, **expression: list[str]) -> str:
    return str(service.call("POST", "/v1/pools", {"name": name, **expression}).json["uuid"])


def pools_of(service: Service, node_id: str) -> set[str]:
    return set(service.call("GET", f"/v1/nodes/{node_id}").json["pools"])


def test_tags_come_and_go(service: Service, nodes: list[str]) -> None:
    tags = f"/v1/nodes/{nodes[0]}/tags"
    assert service.call("PUT", tags, {"tags": ["ssd", "rack:7"]}).json == {"tags": ["rack:7", "ssd"]}
    assert service.call("PUT", f"{tags}/gold").status == service.call("PUT", f"{tags}/gold").status == 204
    assert (service.call("GET", f"{tags}/gold").status, service.call("GET", f"{tags}/none").status) == (204, 404)
    assert (service.call("DELETE", f"{tags}/ssd").status, service.call("DELETE", f"{tags}/ssd").status) == (204, 404)
    assert service.call("GET", tags).json == {"tags": ["gold", "rack:7"]}
    assert service.call("GET", f"/v1/nodes/{nodes[0]}").json["tags"] == ["gold", "rack:7"]
    assert service.call("DELETE", tags).status == 204
    assert service.call("GET", tags).json == {"tags": []}
    assert service.call("GET", tags, version="1.4").status == 404
    assert service.call("GET", f"/v1/nodes/{uuid.uuid4()}/tags").status == 404


@pytest.mark.parametrize("tag", ["a b", "ä", "x" * 61, "a,b", "aggregate=1", "availability_zone=", "affinity_zone="])
def test_what_is_no_tag_is_refused(service: Service, nodes: list[str], tag: str) -> None:
    for reply in (
        service.call("PUT", f"/v1/nodes/{nodes[0]}/tags", {"tags": [tag]}),
        service.call("PUT", f"/v1/nodes/{nodes[0]}/tags/{tag.replace(' ', chr(0xA0))}"),
        service.call("POST", "/v1/nodes/tags", {"filter": {"node_ids": [nodes[0]]}, "add": [tag]}),
    ):
        assert reply.status == 400
    for refused in (
        service.call("PUT", f"/v1/nodes/{nodes[0]}/tags", {"tags": ["a b"]}),
        service.call("PUT", f"/v1/nodes/{nodes[0]}/tags/a%20b"),
    ):
        assert refused.status == 400 and "1 to 60 of the characters A-Z a-z 0-9 _ . : = and -" in str(refused.json)
    assert service.rows(models.NodeTag) == service.rows(models.NodeTagChange) == []


def test_a_free_node_changes_pools_at_once_and_a_node_in_use_when_it_is_released(service: Service, nodes: list[str]) -> None:
    gold = pool(service, "gold", all=["gold"])
    server = service.call("POST", "/v1/servers", service.body).json["uuid"]  # type: ignore[attr-defined]
    service.work()
    used = service.call("GET", f"/v1/servers/{server}").json["node"]
    [in_use] = [node["uuid"] for node in service.call("GET", "/v1/nodes").json["nodes"] if node["name"] == used]
    free = next(node_id for node_id in nodes if node_id != in_use)
    dry = bulk(service, filter={"node_ids": [in_use, free]}, add=["gold"], dry_run=True)
    assert dry == {"matched": 2, "changed": 2, "moved": 1, "dry_run": True}
    assert service.rows(models.NodeTag) == []
    assert bulk(service, filter={"node_ids": [in_use, free]}, add=["gold"]) == {**dry, "dry_run": False}
    assert (pools_of(service, free), pools_of(service, in_use)) == ({DEFAULT_POOL, gold}, {DEFAULT_POOL})
    assert {row["node_id"] for row in service.rows(models.Offer) if row["pool_id"] == gold} == {free}
    service.call("DELETE", f"/v1/servers/{server}")
    service.work()
    assert pools_of(service, in_use) == {DEFAULT_POOL, gold}


def test_a_bulk_change_is_of_what_its_filter_selects(service: Service, nodes: list[str]) -> None:
    one, two, three = nodes
    gold = pool(service, "gold", all=["gold"])
    assert bulk(service, filter={"none": ["never"]}, add=["a", "b"])["changed"] == 3
    assert bulk(service, filter={"node_ids": [one.upper(), two, str(uuid.uuid4())]}, add=["gold"])["matched"] == 2
    assert bulk(service, filter={"all": ["gold", "a"], "node_ids": [two]}, add=["two"], remove=["b"])["changed"] == 1
    assert bulk(service, filter={"pool": gold, "none": ["two"]}, add=["one"])["changed"] == 1
    assert bulk(service, filter={"any": ["one", "two"]}, add=["a"]) == {"matched": 2, "changed": 0, "moved": 0, "dry_run": False}
    found = {node_id: service.call("GET", f"/v1/nodes/{node_id}/tags").json["tags"] for node_id in nodes}
    assert found == {one: ["a", "b", "gold", "one"], two: ["a", "gold", "two"], three: ["a", "b"]}


def test_a_bulk_change_is_all_or_nothing(service: Service, nodes: list[str]) -> None:
    assert service.call("PUT", f"/v1/nodes/{nodes[2]}/tags/availability_zone=az1").status == 204
    before = service.rows(models.NodeTag), service.rows(models.NodeTagChange)
    assert bulk(service, filter={"none": ["x"]}, add=["availability_zone=az2"]) == 400
    service.conf.set_override("max_tagged_nodes", 2, "api")
    refused = service.call("POST", "/v1/nodes/tags", {"filter": {"none": ["x"]}, "add": ["y"]})
    assert refused.status == 400 and "more than 2 nodes" in refused.json["message"] and "node_ids" in refused.json["errors"][0]["hint"]
    service.conf.set_override("max_tagged_nodes", 3, "api")
    service.conf.set_override("max_tag_changes", 8, "api")
    refused = service.call("POST", "/v1/nodes/tags", {"filter": {"none": ["x"]}, "add": ["y", "z"], "remove": ["u", "v"]})
    assert refused.status == 400 and "more than 2 nodes, the most for so many tags" in refused.json["message"]
    assert (service.rows(models.NodeTag), service.rows(models.NodeTagChange)) == before
    assert bulk(service, filter={"none": ["x"]}, add=["y", "z"])["changed"] == 3


@pytest.mark.parametrize(
    "body",
    [{"add": ["a"]}, {"filter": {}, "add": ["a"]}, {"filter": {"all": ["a"]}}, {"filter": {"all": ["a"]}, "add": ["b"], "remove": ["b"]}],
)
def test_bad_bodies(service: Service, nodes: list[str], body: Any) -> None:
    assert bulk(service, **body) == 400


def test_who_changed_what_and_when_is_listed_and_purged(service: Service, nodes: list[str]) -> None:
    tags = f"/v1/nodes/{nodes[0]}/tags"
    put = service.call("PUT", tags, {"tags": ["a", "b"]})
    service.call("PUT", tags, {"tags": ["b", "c"]})
    changes = service.call("GET", f"{tags}/history").json["changes"]
    assert [(change["tag"], change["change"]) for change in changes[:2]] in (
        [("a", "removed"), ("c", "added")],
        [("c", "added"), ("a", "removed")],
    )
    assert {(change["tag"], change["change"]) for change in changes[2:]} == {("a", "added"), ("b", "added")}
    assert {change["user_id"] for change in changes} == {"admin"}
    assert changes[3]["request_id"] == put.headers["x-openstack-request-id"] and changes[3]["at"]
    first = service.call("GET", f"{tags}/history?limit=3").json
    rest = service.call("GET", first["changes_links"][0]["href"].partition("localhost")[2]).json
    assert [*first["changes"], *rest["changes"]] == changes
    assert service.call("GET", f"{tags}/history?marker={uuid.uuid4()}").status == 404
    with service.db.write() as conn:
        conn.execute(sa.update(models.NodeTagChange.__table__).values(made_at=1.0))
    assert purge.purge(service.db, 7)["tag_changes"] == 4
    assert service.call("GET", f"{tags}/history").json == {"changes": []}


def test_what_an_aggregate_gives_is_the_aggregate_s(service: Service, nodes: list[str]) -> None:
    body = {"name": "a", "metadata": {"availability_zone": "az1", "disk": "fast one"}}
    aggregate = service.call("POST", "/v1/aggregates", body).json["uuid"]
    name = service.call("GET", f"/v1/nodes/{nodes[0]}").json["name"]
    service.call("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": name})
    tags, given = f"/v1/nodes/{nodes[0]}/tags", [f"aggregate={aggregate}", "availability_zone=az1", "disk=fast one"]
    assert service.call("PUT", tags, {"tags": ["own"]}).json == {"tags": [*given, "own"]}
    assert service.call("PUT", tags, {"tags": given[:2]}).json == {"tags": given}
    refused = service.call("DELETE", f"{tags}/availability_zone=az1")
    assert refused.status == 409 and "aggregate" in refused.json["message"]
    assert service.call("PUT", f"{tags}/availability_zone=az2").status == 400
    assert service.call("PUT", f"{tags}/aggregate={uuid.uuid4()}").status == 400
    service.call("DELETE", f"/v1/aggregates/{aggregate}")
    assert service.call("GET", tags).json == {"tags": []}
    assert {change["tag"] for change in service.call("GET", f"{tags}/history").json["changes"]} == {*given, "own"}


def test_a_zone_by_hand_is_a_zone(service: Service, nodes: list[str]) -> None:
    assert service.call("PUT", f"/v1/nodes/{nodes[0]}/tags", {"tags": ["availability_zone=az1", "affinity_zone=r1"]}).status == 200
    assert service.call("GET", "/v1/availability_zones").json == {"availability_zones": ["az1"]}
    assert [row["affinity_zone"] for row in service.rows(models.Node) if row["id"] == nodes[0]] == ["r1"]
    service.call("DELETE", f"/v1/nodes/{nodes[0]}/tags")
    assert {row["affinity_zone"] for row in service.rows(models.Node)} == {None}


def test_another_system_s_node_may_be_tagged_and_is_not_offered(service: Service, nodes: list[str]) -> None:
    gold = pool(service, "gold", all=["gold"])
    service.world.nodes[nodes[0]].instance_id = str(uuid.uuid4())
    service.sync()
    assert service.call("PUT", f"/v1/nodes/{nodes[0]}/tags/gold").status == 204
    assert gold in pools_of(service, nodes[0])
    assert [row for row in service.rows(models.Offer) if row["pool_id"] == gold] == []


@pytest.mark.parametrize("count", [3, 60])
def test_the_number_of_statements_does_not_grow_with_the_nodes(service: Service, nodes: list[str], count: int) -> None:
    service.world.add_nodes(count)
    service.sync()
    pool(service, "gold", all=["gold"])
    statements: list[str] = []
    sa.event.listen(service.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert bulk(service, filter={"none": ["x"]}, add=["gold", "a"])["changed"] == count + 3
    assert len(statements) <= 24


def test_nor_does_it_for_one_node_with_the_tags_that_go_and_the_pools_that_it_leaves(service: Service, nodes: list[str]) -> None:
    tags = [f"t{number}" for number in range(10)]
    for tag in tags:
        pool(service, tag, all=[tag])
    path = f"/v1/nodes/{nodes[0]}/tags"
    service.call("PUT", path, {"tags": tags})
    statements: list[str] = []
    sa.event.listen(service.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    assert service.call("PUT", path, {"tags": []}).json == {"tags": []}
    assert [word for word in statements if word.startswith("DELETE")] == [word for word in dict.fromkeys(statements) if "DELETE" in word]
    assert len(statements) <= 24 and len(pools_of(service, nodes[0])) == 1
