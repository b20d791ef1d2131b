# SPDX-License-Identifier: Apache-2.0
"""What pools hold, for operators and for tenants; what could be had now; history and forecast."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.db import capacity, faults, models, nodes
from baremetal_svc.domain.capacity import Stock, full
from baremetal_svc.scheduler import offers
from tests.fixtures.drifting import change
from tests.fixtures.service import ADMIN, DEFAULT_POOL, FOREIGN, MEMBER, Service, tomorrow

NODE = models.Node.__table__.c


@pytest.fixture
def fleet(service: Service) -> Any:
    """The body of a server, among twelve machines in two rooms."""
    for number, room in enumerate(("a", "b")):
        service.world.add_nodes(6, prefix=f"n{number}", properties={"failure_domain": f"dc1/{room}/row1/rack{number}"})
    return service.prepared(nodes=0)


def shown(service: Service, pool: str = DEFAULT_POOL, **more: Any) -> Any:
    reply = service.call("GET", f"/v1/pools/{pool}/capacity", token=more.pop("token", ADMIN), **more)
    assert reply.status == 200, reply.raw
    return reply.json


def make_a_mess(service: Service, body: Any) -> None:
    """One machine in each state."""
    service.call("POST", "/v1/servers", body)
    service.work()
    asked = {"name": "r", "flavor_uuid": body["server"]["flavor_uuid"], "count": 1, "until": tomorrow()}
    assert service.call("POST", "/v1/reservations", asked).status == 201
    free = sorted(row["node_id"] for row in service.rows(models.Offer))
    with service.db.write() as conn:
        faults.record(conn, kind="node", target_id=free[0], operation_id=None, code="x", message="x")
    change(service, models.Node, NODE.id == free[1], maintenance=True)
    change(service, models.Node, NODE.id == free[2], provision_state="cleaning")
    change(service, models.Node, NODE.id == free[3], hold_until=4e9)
    change(service, models.Node, NODE.id == free[4], instance_id="another-s", provision_state="active")
    change(service, models.Node, NODE.id == free[5], retired=True)
    change(service, models.Node, NODE.id == free[6], gone=True)


def test_operators_see_what_every_machine_does(service: Service, fleet: Any) -> None:
    make_a_mess(service, fleet)
    found = shown(service)
    counts = {"free": 3, "in_use": 1, "failed": 1, "maintenance": 1, "cleaning": 2, "used_elsewhere": 1, "unavailable": 1, "gone": 1}
    assert found["nodes"] == {"total": 12, "reserved": 1, **counts}
    # Nobody has recomputed the offers of those that were changed behind our back.
    assert (found["free_now"], found["low"], found["free_below"]) == (10, False, None)
    [of_class] = found["resource_classes"]
    assert (of_class["resource_class"], of_class["nodes"]) == ("baremetal", found["nodes"])
    [flavor] = found["flavors"]
    assert (flavor["flavor_uuid"], flavor["preference"], flavor["nodes"]) == (fleet["server"]["flavor_uuid"], 1, found["nodes"])
    rooms = {one["domain"]: one["nodes"]["total"] for one in found["failure_domains"]}
    assert (found["level"], rooms) == ("row", {"dc1/a/row1": 6, "dc1/b/row1": 6})


def test_the_last_count_is_shown_with_its_time(service: Service, fleet: Any) -> None:
    assert service.conductor.stocktaker.count() == 1
    service.call("POST", "/v1/servers", fleet)
    service.work()
    found = shown(service)
    assert (found["nodes"]["free"], found["nodes"]["in_use"], found["free_now"]) == (12, 0, 11)
    assert found["as_of"] is not None


def test_python_and_a_count_say_the_same(service: Service, fleet: Any) -> None:
    make_a_mess(service, fleet)
    with service.db.read() as conn:
        now = nodes.database_time(conn)
        claims = dict(conn.execute(sa.select(models.Claim.held_node, models.Claim.state)).tuples().all())
        one_by_one = [
            capacity.state_of(node, claims.get(node.id), now) for node in offers.seen(conn, nodes.ids_after(conn, "", 100)).facts.values()
        ]
        stock = Stock.of(capacity.groups(conn, DEFAULT_POOL, now), 3)
    assert {state: one_by_one.count(state) for state in one_by_one} == stock.states
    assert sum(full(stock.states).values()) == 2 * len(one_by_one)


def test_tenants_see_only_what_they_may_get(service: Service, fleet: Any) -> None:
    service.conf.set_override("servers", 3, "quotas")
    flavor = fleet["server"]["flavor_uuid"]
    found = shown(service, token=MEMBER)
    assert {name: found[name] for name in found if name != "flavors"} == {"uuid": DEFAULT_POOL}
    assert [(one["flavor_uuid"], one["available"]) for one in found["flavors"]] == [(flavor, 3)]
    assert set(found["flavors"][0]) == {"flavor_uuid", "name", "available"}
    service.call("POST", "/v1/servers", fleet)
    assert shown(service, token=MEMBER)["flavors"][0]["available"] == 2
    service.configure(max_count=1)
    assert shown(service, token=FOREIGN)["flavors"][0]["available"] == 1


def test_a_pool_that_is_not_theirs_is_not_there(service: Service, fleet: Any) -> None:
    pools = [service.call("POST", "/v1/pools", {"name": name, **more}, token=ADMIN).json["uuid"] for name, more in (
        ("reds", {"projects": ["red"]}), ("unused", {}), ("private", {})
    )]  # fmt: skip
    service.flavor(pools=[pools[0]], name="of-reds")
    service.flavor(pools=[pools[2]], is_public=False)
    service.flavor(pools=[pools[2]], disabled=True)
    statuses = [[service.call("GET", f"/v1/pools/{pool}/capacity", token=who).status for pool in pools] for who in (MEMBER, FOREIGN, ADMIN)]
    assert statuses == [[200, 404, 404], [404, 404, 404], [200, 200, 200]]


def test_flavors_by_tags_count_what_carries_them(service: Service, fleet: Any) -> None:
    tagged = sorted(service.world.nodes)[0]
    service.call("PUT", f"/v1/nodes/{tagged}/tags/disk=ssd", token=ADMIN)
    flavor = service.flavor(resource_aggregates={"disk": "ssd"}, name="a-ssd")
    assert [one["available"] for one in shown(service, token=MEMBER)["flavors"] if one["flavor_uuid"] == flavor] == [1]
    assert service.call("GET", f"/v1/capacity?flavor={flavor}").json["available"] == 1


def asked(service: Service, query: str, **more: Any) -> tuple[int, str]:
    reply = service.call("GET", f"/v1/capacity?{query}", **more)
    assert reply.status == 200, reply.raw
    return reply.json["available"], reply.json["bounded_by"]


def test_what_tenants_could_get_is_in_the_default_zone(service: Service, fleet: Any) -> None:
    [first, *_] = [row["id"] for row in service.rows(models.Node)]
    service.call("PUT", f"/v1/nodes/{first}/tags/availability_zone=az1", token=ADMIN)
    pool = service.call("POST", "/v1/pools", {"name": "some"}, token=ADMIN).json["uuid"]
    service.flavor(pools=[pool])
    assert [one["available"] for one in service.call("GET", f"/v1/pools/{pool}/capacity").json["flavors"]] == [10], "its quota"
    service.conf.set_override("default_availability_zone", "az1", "api")
    assert [one["available"] for one in service.call("GET", f"/v1/pools/{pool}/capacity").json["flavors"]] == [1]


def test_how_many_could_be_had_now_and_what_bounds_it(service: Service, fleet: Any) -> None:
    flavor = fleet["server"]["flavor_uuid"]
    assert asked(service, f"flavor={flavor}&count=2") == (2, "count")
    assert asked(service, f"flavor={flavor}") == (10, "quota")
    service.conf.set_override("servers", -1, "quotas")
    assert asked(service, f"flavor={flavor}") == (12, "machines")
    body = {"name": "g", "policies": ["anti-affinity"], "level": "room", "max_per_domain": 2}
    group = service.call("POST", "/v1/server_groups", body).json["uuid"]
    assert asked(service, f"flavor={flavor}&group={group}") == (4, "group")
    service.call("POST", "/v1/servers", {**fleet, "scheduler_hints": {"group": group}})
    service.work()
    assert asked(service, f"flavor={flavor}&group={group}") == (3, "group")
    closed = service.call("POST", "/v1/pools", {"name": "p", "projects": []}, token=ADMIN).json["uuid"]
    assert asked(service, f"flavor={service.flavor(pools=[closed])}") == (0, "pools")
    assert asked(service, f"flavor={service.flavor(disabled=True)}", token=ADMIN) == (0, "flavor")


def test_what_cannot_be_answered(service: Service) -> None:
    flavor, none = service.flavor(), uuid.uuid4()
    wanted = {
        "": 400,
        f"flavor={flavor}&count=0": 400,
        f"flavor={flavor}&count=101": 400,
        f"flavor={none}": 404,
        f"flavor={service.flavor(disabled=True)}": 404,
        f"flavor={flavor}&group={none}": 404,
        f"flavor={flavor}&availability_zone=nowhere": 404,
    }
    assert {query: service.call("GET", f"/v1/capacity?{query}").status for query in wanted} == wanted


def past(service: Service, hours: int, free: Any) -> None:
    """So many hours until now, with free(number) of 300 machines."""
    with service.db.write() as conn:
        last = int(nodes.database_time(conn) // 3600)
        for number in range(hours):
            states = {"free": free(number), "in_use": 300 - free(number)}
            capacity.keep_hour(conn, DEFAULT_POOL, last - hours + 1 + number, {"total": 300, "free": free(number), "states": states})


def test_history_is_in_hours_newest_first_and_in_pages(service: Service) -> None:
    past(service, 5, lambda number: 50 + number)
    path = f"/v1/pools/{DEFAULT_POOL}/capacity/history"
    every = service.call("GET", path, token=ADMIN).json["hours"]
    assert [one["nodes"]["free"] for one in every] == [54, 53, 52, 51, 50] and every[0]["nodes"]["total"] == 300
    first = service.call("GET", f"{path}?limit=2", token=ADMIN).json
    rest = service.call("GET", first["hours_links"][0]["href"].partition("localhost")[2], token=ADMIN).json
    assert first["hours"] + rest["hours"] == every[:4]
    assert service.call("GET", f"{path}?until={every[1]['at'][:19]}Z&since={every[3]['at'][:19]}Z", token=ADMIN).json["hours"] == every[2:4]
    assert service.call("GET", f"{path}?since=2026-99-99T00:00", token=ADMIN).status == 400


def test_a_forecast_says_when_or_why_not(service: Service) -> None:
    path = f"/v1/pools/{DEFAULT_POOL}/forecast"
    none = service.call("GET", path, token=ADMIN).json
    assert (none["points"], none["per_day"], none["runs_out_on"]) == (0, None, None) and "48 hours" in none["reason"]
    past(service, 100, lambda number: 200 - 2 * number)
    found = service.call("GET", f"{path}?weeks=1", token=ADMIN).json
    assert (found["points"], found["weeks"], found["per_day"], found["reason"]) == (100, 1, -48.0, None)
    assert found["fit"] == 1 and found["runs_out_on"] is not None


def test_pools_without_room_in_their_quota_are_left_out_as_a_create_leaves_them_out(service: Service, fleet: Any) -> None:
    full, empty = ("full", []), ("empty", ["no-such-tag"])
    pools = [service.call("POST", "/v1/pools", {"name": name, "all": tags}, token=ADMIN).json["uuid"] for name, tags in (full, empty)]
    flavor = service.flavor(pools=pools)
    assert asked(service, f"flavor={flavor}&count=3") == (3, "count")
    assert service.call("PUT", "/v1/quotas/red", {"quotas": {f"pool:{pools[0]}": 2}}, token=ADMIN).status == 200
    assert asked(service, f"flavor={flavor}&count=2") == (2, "count")
    assert asked(service, f"flavor={flavor}&count=3") == (2, "quota")
    wanted = {"name": "r", "flavor_uuid": flavor, "count": 3, "until": tomorrow()}
    refused = service.call("POST", "/v1/reservations", wanted)
    assert (refused.status, refused.json["message"].partition(".")[0]) == (409, "No machine of this flavor is free now")
    assert service.call("POST", "/v1/reservations", {**wanted, "count": 2}).status == 201
