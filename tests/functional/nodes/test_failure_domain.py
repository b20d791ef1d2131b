# SPDX-License-Identifier: Apache-2.0
"""Where nodes stand: an operator's word before Ironic's, followed by pools, offers and the rules of groups at once."""

from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.cmd import assembly
from baremetal_svc.db import models
from baremetal_svc.scheduler import inventory
from tests.fixtures.service import ADMIN, Reply, Service
from tests.functional.pools.test_edit import made
from tests.functional.test_inventory import sync_slowly, views


def put(service: Service, node_id: str, path: Any) -> Reply:
    return service.call("PUT", f"/v1/nodes/{node_id}/failure-domain", {"failure_domain": path}, token=ADMIN)


def unset(service: Service, node_id: str) -> Reply:
    return service.call("DELETE", f"/v1/nodes/{node_id}/failure-domain", token=ADMIN)


def shown(service: Service, node_id: str, version: str = "1.6") -> tuple[str, str | None]:
    node = service.call("GET", f"/v1/nodes/{node_id}", token=ADMIN, version=version).json
    return node["failure_domain"], node.get("failure_domain_source", "-")


def changes(service: Service, node_id: str) -> list[tuple[str, str, str]]:
    """Newest first; those of one request in no order."""
    found = service.call("GET", f"/v1/nodes/{node_id}/tags/history", token=ADMIN).json["changes"]
    return [(change["tag"], change["change"], change["user_id"]) for change in found]


def members(service: Service, pool: str) -> set[str]:
    return {row["node_id"] for row in service.rows(models.PoolMember) if row["pool_id"] == pool}


def test_an_operators_word_counts_until_it_is_taken_back(service: Service) -> None:
    service.prepared()
    [node_id] = service.world.add_nodes(1, properties={"failure_domain": "dc1/room1"})
    service.sync()
    service.token = ADMIN
    pool = made(service, "p", all=["domain:dc1/room2"])
    assert (shown(service, node_id), members(service, pool)) == (("dc1/room1", "properties"), set())
    assert put(service, node_id, "dc1/room2/row3").json == {"failure_domain": "dc1/room2/row3", "failure_domain_source": "operator"}
    assert (shown(service, node_id), members(service, pool)) == (("dc1/room2/row3", "operator"), {node_id})
    assert shown(service, node_id, "1.5") == ("dc1/room2/row3", "-")
    assert {row["node_id"] for row in service.rows(models.Offer) if row["pool_id"] == pool} == {node_id}
    # Ironic goes on telling: it is remembered, and does not count.
    service.world.nodes[node_id].properties["failure_domain"] = "dc1/room9"
    service.sync()
    assert (shown(service, node_id), members(service, pool)) == (("dc1/room2/row3", "operator"), {node_id})
    assert unset(service, node_id).status == 204
    assert (shown(service, node_id), members(service, pool)) == (("dc1/room9", "properties"), set())
    assert unset(service, node_id).status == 204
    assert [shown(service, other) for other in service.world.nodes if other != node_id] == [("", None)] * 3


def test_who_set_what_is_in_the_history_of_the_tags(service: Service) -> None:
    service.prepared(1)
    [node_id] = service.world.nodes
    for path in ("dc1", "dc1", "dc2"):
        assert put(service, node_id, path).status == 200
    assert unset(service, node_id).status == unset(service, node_id).status == 204
    last, *middle, first = changes(service, node_id)
    assert (first, last) == (("domain:dc1", "added", "admin"), ("domain:dc2", "removed", "admin"))
    assert sorted(middle) == [("domain:dc1", "removed", "admin"), ("domain:dc2", "added", "admin")]
    assert service.call("GET", f"/v1/nodes/{node_id}/tags", token=ADMIN).json == {"tags": []}


@pytest.mark.parametrize("path", ["", "/dc1", "dc1/", "dc1//r", "d c", "a=b", "x" * 61, "/".join(["y" * 50] * 5), "1/2/3/4/5/6", 7, None])
def test_bad_input_changes_nothing(service: Service, path: Any) -> None:
    service.prepared(1)
    [node_id] = service.world.nodes
    put(service, node_id, "dc1")
    before = service.rows(models.Node), service.rows(models.NodeTagChange)
    refused = put(service, node_id, path)
    assert refused.status == 400 and refused.json["errors"][0]["hint"]
    assert (service.rows(models.Node), service.rows(models.NodeTagChange)) == before
    assert put(service, "00000000-0000-4000-8000-00000000dead", "dc1").status == 404
    assert service.call("PUT", f"/v1/nodes/{node_id}/failure-domain", {"failure_domain": "x"}, token=ADMIN, version="1.5").status == 404


def test_as_deep_as_there_are_levels(service: Service) -> None:
    service.prepared(1)
    [node_id] = service.world.nodes
    service.conf.set_override("failure_domain_levels", ["site", "rack"], "scheduler")
    assert "site, rack" in put(service, node_id, "a/b/c").json["errors"][0]["hint"]
    assert put(service, node_id, "a/b").status == 200


def test_a_listing_that_was_read_before_does_not_write_over_it(service: Service) -> None:
    service.prepared(1)
    [node_id] = service.world.nodes
    service.world.nodes[node_id].properties["failure_domain"] = "dc1"
    old = views(service)
    sync_slowly(service, old, lambda: None if put(service, node_id, "dc2").status == 200 else pytest.fail())
    assert shown(service, node_id) == ("dc2", "operator")
    unset(service, node_id)
    assert shown(service, node_id) == ("dc1", "properties")


RACK = "dc1/room1/row1/"


def racks(service: Service, names: str) -> tuple[Any, dict[str, str]]:
    """A node in each rack: the body of a server, and node -> rack."""
    nodes = {service.world.add_nodes(1, prefix=rack)[0]: f"{RACK}{rack}" for rack in names}
    body = service.prepared(nodes=0)
    for node_id, rack in nodes.items():
        put(service, node_id, rack)
    return body, nodes


def group_of(service: Service, policy: str = "anti-affinity", **more: Any) -> str:
    body = {"name": "g", "policies": [policy], "level": "rack", **more}
    return str(service.call("POST", "/v1/server_groups", body).json["uuid"])


def ask(service: Service, body: Any, group: str, count: int = 1) -> None:
    asked = {"server": {**body["server"], "min_count": count, "max_count": count}, "scheduler_hints": {"group": group}}
    assert service.call("POST", "/v1/servers", asked).status == 201
    service.work()


def held(service: Service) -> dict[str, str]:
    """Node -> where it stands, of those in use."""
    paths = {row["id"]: row["failure_domain"] for row in service.rows(models.Node)}
    return {row["node_id"]: paths[row["node_id"]] for row in service.rows(models.Server) if row["status"] == "active"}


def test_a_word_does_not_break_what_a_group_was_promised(service: Service) -> None:
    body, _ = racks(service, "ab")
    ask(service, body, group := group_of(service), 2)
    first, second = held(service)
    before = service.rows(models.Node), service.rows(models.NodeTagChange)
    refused = put(service, first, held(service)[second])
    assert (refused.status, refused.json["errors"][0]["code"]) == (409, "conflict")
    assert "rule of its server group" in refused.json["message"] and "Delete" in refused.json["errors"][0]["hint"]
    assert put(service, first, "dc1").status == 409, "in which rack would it be?"
    assert unset(service, first).status == 409
    assert (service.rows(models.Node), service.rows(models.NodeTagChange)) == before
    assert put(service, first, f"{held(service)[first]}/pdu").status == put(service, first, "dc2/room1/row1/z").status == 200
    # What nobody is promised any more may be said.
    assert service.call("DELETE", f"/v1/server_groups/{group}").status == 204
    assert put(service, first, held(service)[second]).status == 200


@pytest.mark.parametrize(("policy", "more"), [("soft-anti-affinity", {}), ("anti-affinity", {"max_per_domain": 2})])
def test_what_a_rule_allows_may_be_said(service: Service, policy: str, more: Any) -> None:
    body, _ = racks(service, "ab")
    ask(service, body, group_of(service, policy, **more), 2)
    first, second = held(service)
    assert put(service, first, held(service)[second]).status == 200


def test_the_next_member_counts_where_the_others_stand_now(service: Service) -> None:
    body, nodes = racks(service, "abc")
    ask(service, body, group := group_of(service))
    [used] = held(service)
    one, other = set(nodes) - {used}
    # The machine in use turns out to stand in the rack of a free one.
    assert put(service, used, nodes[one]).status == 200
    ask(service, body, group)
    assert held(service) == {used: nodes[one], other: nodes[other]}


def test_a_node_that_is_moved_between_look_and_lock_is_not_taken_for_where_it_was(service: Service) -> None:
    """Another process commits right behind the claim's look at the offers."""
    body, nodes = racks(service, "ab")
    ask(service, body, group := group_of(service))
    [used] = held(service)
    [free] = set(nodes) - {used}
    moved: list[str] = []

    def move(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if statement.startswith("SELECT offers.rnd") and not moved:
            moved.append(free)
            cursor.connection.execute("UPDATE nodes SET failure_domain = ? WHERE id = ?", (nodes[used], free))

    sa.event.listen(service.db.engine, "after_cursor_execute", move)
    ask(service, body, group)
    assert moved == [free] and list(held(service)) == [used]
    assert sorted(row["status"] for row in service.rows(models.Server)) == ["active", "error"]


def test_where_the_switches_stand_counts_where_nobody_says_more(service: Service) -> None:
    service.conf.set_override("switch_domains", ["tor-a=dc1/room1/row1/r7/a", "00:53:00:00:0a:0b=dc1/room1/row1/r7/b"], "scheduler")
    service.configure()
    switches = service.new_conductor("another").watcher._switches
    service.prepared(2)
    first, second = service.world.nodes.values()
    seen = (("tor-a", "00:53:00:00:0a:0a"), ("tor-b", "00:53:00:00:0a:0b"))
    first.cards = [replace(card, switches=some) for card, some in zip(first.cards, seen, strict=True)]
    second.cards = [replace(second.cards[0], switches=("unknown",))]
    for with_ports in (True, False):
        inventory.sync(service.db, service.gateways.ironic, with_ports=with_ports, switches=switches)
        assert (shown(service, first.id), shown(service, second.id)) == (("dc1/room1/row1/r7", "lldp"), ("", None))
    put(service, first.id, "dc2")
    inventory.sync(service.db, service.gateways.ironic, with_ports=True, switches=switches)
    assert shown(service, first.id) == ("dc2", "operator")
    assert unset(service, first.id).status == 204
    assert shown(service, first.id) == ("dc1/room1/row1/r7", "lldp")
    first.properties["failure_domain"] = "dc3"
    inventory.sync(service.db, service.gateways.ironic, with_ports=False, switches=switches)
    assert shown(service, first.id) == ("dc3", "properties")


def test_a_switch_without_a_path_stops_the_start(service: Service) -> None:
    service.conf.set_override("switch_domains", ["tor-a"], "scheduler")
    for start in (service.configure, lambda: service.new_conductor("another"), lambda: assembly.check(service.conf)):
        with pytest.raises(ValueError, match="switch_domains has 'tor-a'"):
            start()
