# SPDX-License-Identifier: Apache-2.0
"""Reservations over HTTP: what is held, for whom, how it is used, what is refused."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import ADMIN, FOREIGN, Reply, Service

PATH = "/v1/reservations"


def later(**ahead: float) -> str:
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat(timespec="seconds")


def reserve(service: Service, body: dict[str, Any], count: int = 2, *, token: str | None = None, **more: Any) -> Reply:
    asked = {"name": "r", "flavor_uuid": body["server"]["flavor_uuid"], "count": count, "until": later(days=1), **more}
    return service.call("POST", PATH, asked, token=token)


def using(body: dict[str, Any], reservation_id: str, **more: Any) -> dict[str, Any]:
    return {"server": {**body["server"], **more}, "scheduler_hints": {"reservation": reservation_id}}


def error(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = reply.json["errors"][0]
    return found


def statuses(service: Service) -> list[str]:
    return sorted(row["status"] for row in service.rows(models.Server))


def test_what_is_reserved_is_only_for_those_who_say_so(service: Service) -> None:
    body = service.prepared(3)
    made = reserve(service, body)
    assert made.status == 201
    assert {name: made.json[name] for name in ("status", "count", "in_use", "ready", "nodes")} == {
        "status": "active", "count": 2, "in_use": 0, "ready": 2, "nodes": [],
    }  # fmt: skip
    assert made.headers["location"].endswith(f"{PATH}/{made.json['uuid']}")
    held = {node["uuid"] for node in service.call("GET", f"{PATH}/{made.json['uuid']}", token=ADMIN).json["nodes"]}
    assert len(held) == 2 and len(service.rows(models.Offer)) == 1
    for asked in (body, body, using(body, made.json["uuid"]), using(body, made.json["uuid"])):
        assert service.call("POST", "/v1/servers", asked).status == 201
        service.work()
    assert statuses(service) == ["active", "active", "active", "error"]
    assert {row["node_id"] for row in service.rows(models.Server) if row["reservation_id"]} == held
    shown = service.call("GET", f"{PATH}/{made.json['uuid']}").json
    assert (shown["in_use"], shown["ready"]) == (2, 0)


def test_no_more_servers_than_its_count_and_the_numbers_are_told(service: Service) -> None:
    body = service.prepared(3)
    made = reserve(service, body, 1).json["uuid"]
    assert service.call("POST", "/v1/servers", using(body, made)).status == 201
    refused = service.call("POST", "/v1/servers", using(body, made))
    assert refused.status == 403 and error(refused)["code"] == "over_quota"
    assert f"reservation:{made}, limit 1, in use 1, asked for 1 more" in error(refused)["detail"]
    assert service.call("POST", "/v1/servers", using(body, made, min_count=1, max_count=2)).status == 403
    assert len(service.rows(models.Server)) == 1


def test_a_machine_comes_back_to_its_reservation(service: Service) -> None:
    body = service.prepared(2)
    made = reserve(service, body, 2).json["uuid"]
    first = service.call("POST", "/v1/servers", using(body, made, min_count=2, max_count=2))
    assert first.status == 201
    service.work()
    assert statuses(service) == ["active", "active"]
    service.call("DELETE", f"/v1/servers/{first.json['uuid']}")
    service.work()
    service.pass_time(1e6)
    service.sync()
    assert service.rows(models.Offer) == []
    assert service.call("GET", f"{PATH}/{made}").json["ready"] == 1
    assert service.call("POST", "/v1/servers", using(body, made)).status == 201
    service.work()
    assert statuses(service) == ["active", "active"]


def test_all_or_nothing_and_what_would_fit(service: Service) -> None:
    body = service.prepared(3)
    refused = reserve(service, body, 4)
    assert refused.status == 409 and error(refused)["code"] == "too_few_free"
    assert "Only 3 of at least 4 machines" in error(refused)["detail"] and "3 machines of this flavor" in error(refused)["hint"]
    assert service.rows(models.Reservation) == [] and len(service.rows(models.Offer)) == 3
    assert reserve(service, body, 3).status == 201
    assert "No machine of this flavor is free now" in error(reserve(service, body, 1))["detail"]


def test_it_is_found_edited_and_ended_by_its_project_only(service: Service) -> None:
    body = service.prepared(3)
    made = reserve(service, body)
    path = f"{PATH}/{made.json['uuid']}"
    assert [one["uuid"] for one in service.call("GET", PATH).json["reservations"]] == [made.json["uuid"]]
    assert service.call("GET", PATH, token=FOREIGN).json["reservations"] == []
    assert service.call("GET", f"{PATH}?all_tenants=true", token=ADMIN).json["reservations"][0]["uuid"] == made.json["uuid"]
    rename = [{"op": "replace", "path": "/name", "value": "q"}, {"op": "replace", "path": "/until", "value": later(days=3)}]
    for method, body_ in (("GET", None), ("PATCH", rename), ("DELETE", None)):
        assert service.call(method, path, body_, token=FOREIGN).status == 404
    assert service.call("PATCH", path, rename, headers={"If-Match": '"x"'}).status == 412
    edited = service.call("PATCH", path, rename, headers={"If-Match": made.headers["etag"]})
    assert edited.json["name"] == "q" and edited.json["until"] > made.json["until"]
    assert service.call("POST", "/v1/servers", using(body, made.json["uuid"]), token=FOREIGN).status == 404
    assert [service.call("DELETE", path).status for _ in range(2)] == [204, 204]
    assert service.call("GET", path).json["status"] == "ended" and len(service.rows(models.Offer)) == 3
    assert service.call("PATCH", path, rename).status == 409
    assert service.call("GET", f"{PATH}?status=active").json["reservations"] == []
    assert len(service.call("GET", f"{PATH}?status=ended").json["reservations"]) == 1
    over = service.call("POST", "/v1/servers", using(body, made.json["uuid"]))
    assert over.status == 409 and "is over" in error(over)["detail"]


def test_servers_stay_when_it_ends_and_their_machines_are_offered_to_all_later(service: Service) -> None:
    body = service.prepared(1)
    made = reserve(service, body, 1).json["uuid"]
    server = service.call("POST", "/v1/servers", using(body, made)).json["uuid"]
    service.work()
    assert service.call("DELETE", f"{PATH}/{made}").status == 204
    assert statuses(service) == ["active"] and service.rows(models.Offer) == []
    service.call("DELETE", f"/v1/servers/{server}")
    service.work()
    service.pass_time(1e6)
    service.sync()
    assert len(service.rows(models.Offer)) == 1


@pytest.mark.parametrize("until", ["never", "2020-01-01T00:00:00Z", "9999-12-31T23:59:59+00:00", "2026-13-01T00:00:00Z"])
def test_an_impossible_end_is_refused(service: Service, until: str) -> None:
    assert reserve(service, service.prepared(1), 1, until=until).status == 400
    assert service.rows(models.Reservation) == []


def test_what_else_is_refused(service: Service) -> None:
    body = service.prepared(2)
    made = reserve(service, body, 1).json["uuid"]
    other = {"server": {**body["server"], "flavor_uuid": service.flavor("other")}}
    assert service.call("POST", "/v1/servers", using(other, made)).status == 400
    assert service.call("POST", "/v1/servers", using(body, "00000000-0000-4000-8000-000000000000")).status == 404
    assert reserve(service, body, 1, availability_zone="nowhere").status == 404
    assert reserve(service, {"server": {"flavor_uuid": made}}, 1).status == 404
    assert reserve(service, body, 0).status == 400
    flavor = f"/v1/flavors/{body['server']['flavor_uuid']}"
    refused = service.call("DELETE", flavor, token=ADMIN)
    assert refused.status == 409 and "reservations" in error(refused)["hint"]


def test_a_promise_holds_when_the_flavor_is_disabled(service: Service) -> None:
    body = service.prepared(1)
    made = reserve(service, body, 1).json["uuid"]
    disable = [{"op": "replace", "path": "/disabled", "value": True}]
    assert service.call("PATCH", f"/v1/flavors/{body['server']['flavor_uuid']}", disable, token=ADMIN).status == 200
    assert service.call("POST", "/v1/servers", body).status == 409
    assert service.call("POST", "/v1/servers", using(body, made)).status == 201
    service.work()
    assert statuses(service) == ["active"]


def test_a_promise_holds_when_the_flavor_asks_for_more(service: Service) -> None:
    body = service.prepared(1)
    made = reserve(service, body, 1).json["uuid"]
    patch = [{"op": "add", "path": "/resource_traits", "value": {"CUSTOM_NEW": "required"}}]
    assert service.call("PATCH", f"/v1/flavors/{body['server']['flavor_uuid']}", patch, token=ADMIN).status == 200
    service.call("POST", "/v1/servers", using(body, made))
    service.call("POST", "/v1/servers", body)
    service.work()
    assert statuses(service) == ["active", "error"]


def test_conditions_of_the_flavor_choose_what_is_reserved(service: Service) -> None:
    service.world.add_nodes(2)
    service.world.add_nodes(1, traits=["CUSTOM_GPU"])
    body = service.prepared(0)
    body["server"]["flavor_uuid"] = service.flavor(resource_traits={"CUSTOM_GPU": "required"})
    assert reserve(service, body, 2).status == 409
    made = reserve(service, body, 1).json["uuid"]
    assert service.call("POST", "/v1/servers", using(body, made)).status == 201
    service.work()
    assert statuses(service) == ["active"]


def test_a_replay_reserves_nothing_twice(service: Service) -> None:
    body = service.prepared(3)
    asked = {"name": "r", "flavor_uuid": body["server"]["flavor_uuid"], "count": 1, "until": later(days=1)}
    first, again = (service.call("POST", PATH, asked, headers={"Idempotency-Key": "k"}).json["uuid"] for _ in range(2))
    assert first == again and len(service.rows(models.ReservedNode)) == 1


def test_a_dry_run_looks_into_the_reservation(service: Service) -> None:
    body = service.prepared(3)
    made = reserve(service, body, 2).json["uuid"]
    for count, fits in ((2, True), (3, False)):
        asked = {"server": {"flavor_uuid": body["server"]["flavor_uuid"], "min_count": count, "max_count": count}}
        found = service.call("POST", "/v1/scheduling/dry-run", {**asked, "scheduler_hints": {"reservation": made}}).json
        assert (found["explanation"]["fits"], found["explanation"]["fitting"]) == (fits, 2)
        assert found["explanation"]["table"][0] == {"predicate": "held by the reservation", "nodes": 2}
    without = service.call("POST", "/v1/scheduling/dry-run", {"server": {"flavor_uuid": body["server"]["flavor_uuid"]}}).json
    assert without["explanation"]["table"][-1] == {"predicate": "not reserved", "nodes": 1}


def test_the_rule_of_a_group_holds_within_a_reservation(service: Service) -> None:
    for room in ("r1", "r1", "r2"):
        service.world.add_nodes(1, properties={"failure_domain": f"dc1/{room}"})
    body = service.prepared(0)
    made = reserve(service, body, 3).json["uuid"]
    group = {"name": "g", "policies": ["anti-affinity"], "level": "room"}
    group_id = service.call("POST", "/v1/server_groups", group).json["uuid"]
    hints = {"reservation": made, "group": group_id}
    for _ in range(2):
        assert service.call("POST", "/v1/servers", {"server": body["server"], "scheduler_hints": hints}).status == 201
        service.work()
    rooms = {row["id"]: row["failure_domain"] for row in service.rows(models.Node)}
    assert sorted(rooms[row["node_id"]] for row in service.rows(models.Server)) == ["dc1/r1", "dc1/r2"]


def test_the_default_zone_is_for_reservations_and_not_for_who_uses_one(service: Service) -> None:
    service.conf.set_override("default_availability_zone", "az1", "api")
    body = service.prepared(4)
    nodes = sorted(row["id"] for row in service.rows(models.Node))
    for node, zone in zip(nodes, ("az1", "az1", "az2", "az2"), strict=True):
        service.call("PUT", f"/v1/nodes/{node}/tags/availability_zone={zone}", token=ADMIN)
    made = reserve(service, body, 1)
    assert made.json["availability_zone"] == "az1"
    other = reserve(service, body, 2, availability_zone="az2").json["uuid"]
    assert service.call("POST", "/v1/servers", using(body, other)).json["availability_zone"] == "az2"
    service.work()
    assert statuses(service) == ["active"]
    # Named on purpose it counts.
    asked = {"server": {"flavor_uuid": body["server"]["flavor_uuid"], "availability_zone": "az1"}}
    assert not service.call("POST", "/v1/scheduling/dry-run", {**asked, "scheduler_hints": {"reservation": other}}).json["fits"]


@pytest.mark.parametrize("round_", range(2))
def test_a_replay_at_the_same_moment_is_one_even_when_it_takes_the_last(service: Service, round_: int) -> None:
    body = service.prepared(3)
    asked = {"name": "r", "flavor_uuid": body["server"]["flavor_uuid"], "count": 3, "until": later(days=1)}
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: service.call("POST", PATH, asked, headers={"Idempotency-Key": "k"}), range(12)))
    assert {(reply.status, reply.json.get("uuid")) for reply in replies} == {(201, replies[0].json["uuid"])}


def test_a_server_says_which_one_it_uses_and_is_not_retried_when_it_is_over(service: Service) -> None:
    body = service.prepared(1)
    made = reserve(service, body, 1).json["uuid"]
    service.world.fail_next("deploy", times=9)
    server = service.call("POST", "/v1/servers", using(body, made)).json
    assert server["reservation_uuid"] == made
    assert "reservation_uuid" not in service.call("GET", f"/v1/servers/{server['uuid']}", version="1.5").json
    service.work()
    refused = service.call("POST", "/v1/servers", using(body, made))
    assert refused.status == 403 and "also a failed one" in error(refused)["hint"]
    retry = f"/v1/servers/{server['uuid']}/states/provision"
    assert service.call("PUT", retry, {"target": "retry"}).status == 202
    service.work()
    told = [row["error"]["message"] for row in service.rows(models.Operation) if row["state"] == "failed"]
    assert any("No machine of this reservation is free now" in message for message in told)
    assert service.call("DELETE", f"{PATH}/{made}").status == 204
    refused = service.call("PUT", retry, {"target": "retry"})
    assert refused.status == 409 and "is over" in error(refused)["detail"] and "Delete the server" in error(refused)["hint"]


def test_lost_machines_count_as_promised(service: Service) -> None:
    body = service.prepared(2)
    service.call("PUT", "/v1/quotas/red", {"quotas": {"reserved_nodes": 2}}, token=ADMIN)
    reserve(service, body, 2)
    with service.db.write() as conn:
        conn.execute(models.ReservedNode.__table__.delete())
    assert service.call("GET", "/v1/limits").json["limits"]["reserved_nodes"] == {"limit": 2, "usage": 2}
