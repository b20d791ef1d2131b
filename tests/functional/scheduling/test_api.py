# SPDX-License-Identifier: Apache-2.0
"""Dry runs over REST: they find what a claim takes, say what would fit, and leave everything as it was."""

from typing import Any

import pytest

from baremetal_svc.db import models
from baremetal_svc.features.scheduling import schema
from baremetal_svc.features.servers import schema as servers_schema
from baremetal_svc.scheduler import alternatives
from tests.fixtures.service import ADMIN, DEFAULT_POOL, FOREIGN, MEMBER, READER, Service

PATH = "/v1/scheduling/dry-run"


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is on which this runs."""
    monkeypatch.setattr(alternatives, "PATIENCE", 99.0)


def _dry_run(service: Service, body: Any, token: str = MEMBER) -> Any:
    reply = service.call("POST", PATH, body, token=token)
    assert reply.status == 200, reply.raw
    return reply.json


def _zoned(service: Service, **zones: int) -> None:
    """The first nodes are in these zones, so many in each."""
    names = [row["name"] for row in sorted(service.rows(models.Node), key=lambda row: row["name"])]
    for zone, count in zones.items():
        for _ in range(count):
            node_id = next(row["id"] for row in service.rows(models.Node) if row["name"] == names[0])
            names.pop(0)
            assert service.call("PUT", f"/v1/nodes/{node_id}/tags/availability_zone={zone}", token=ADMIN).status == 204


def _with(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"server": {**body["server"], **more}}


def test_whatever_a_create_takes_may_be_sent() -> None:
    for create in servers_schema.CREATE.values():
        assert set(create["properties"]) == set(schema.DRY_RUN[6]["properties"])
        assert set(create["properties"]["server"]["properties"]) <= set(schema.DRY_RUN[6]["properties"]["server"]["properties"])


def test_tenants_see_counts_and_operators_see_nodes(service: Service) -> None:
    body = _with(service.prepared(3), min_count=1, max_count=2)
    before = service.held()
    told = _dry_run(service, body)
    assert set(told) == {"fits", "count", "explanation"}
    assert (told["fits"], told["count"], told["explanation"]["nearest_miss"]) == (True, 2, None)
    assert told["explanation"]["table"][0] == {"predicate": "in the flavor's pools and resource class", "nodes": 3}
    shown = _dry_run(service, body, token=ADMIN)
    assert shown["explanation"] == told["explanation"]
    assert len(shown["nodes"]) == 2 and shown["other_pools"] == []
    assert {node["pool"]["uuid"] for node in shown["nodes"]} == {DEFAULT_POOL}
    assert {node["uuid"]: node["name"] for node in shown["nodes"]}.items() <= {
        row["id"]: row["name"] for row in service.rows(models.Node)
    }.items()
    assert service.held() == before


def test_what_would_fit_is_what_a_create_then_gets(service: Service) -> None:
    body = service.prepared(6)
    _zoned(service, az1=1, az2=3, az3=2)
    pool = service.call("POST", "/v1/pools", {"name": "old", "all": ["availability_zone=az1"]}, token=ADMIN).json["uuid"]
    private = service.flavor(is_public=False)
    gold = service.flavor(name="gold")
    body["server"]["flavor_uuid"] = service.flavor(pools=[pool])
    body["server"] |= {"availability_zone": "az2", "min_count": 2, "max_count": 3}
    told = _dry_run(service, body)
    why = told["explanation"]
    assert (told["fits"], told["count"], why["nearest_miss"]) == (False, 0, "in the flavor's pools and resource class")
    assert why["other_zones"] == []
    flavors = {flavor["uuid"]: flavor["count"] for flavor in why["other_flavors"]}
    assert flavors[gold] == 3 and private not in flavors
    assert "3 machines of the flavor gold" in why["would_fit"]
    shown = _dry_run(service, body, token=ADMIN)
    assert shown["nodes"] == [] and shown["other_pools"] == [{"uuid": DEFAULT_POOL, "name": "default", "count": 3}]
    body["server"]["flavor_uuid"] = gold
    body["server"] |= {"availability_zone": "az1"}
    assert _dry_run(service, body)["explanation"]["other_zones"] == [{"name": "az2", "count": 3}, {"name": "az3", "count": 2}]
    created = service.call("POST", "/v1/servers", body).json["uuid"]
    service.work()
    [operation] = service.call("GET", f"/v1/operations?server_uuid={created}").json["operations"]
    assert operation["placement"]["explanation"] == _dry_run(service, body)["explanation"]
    assert operation["placement"]["explanation"]["would_fit"][0] == "1 machine of this flavor"
    of_operator = service.call("GET", f"/v1/operations/{operation['uuid']}", token=ADMIN).json["placement"]
    assert set(of_operator) == {"explanation", "other_pools", "weighers"}
    older = service.call("GET", f"/v1/operations/{operation['uuid']}", version="1.5").json["placement"]
    assert set(older) == {"explanation"} and "other_zones" not in older["explanation"]


def test_the_rule_of_a_group_holds_in_a_dry_run(service: Service) -> None:
    for number in range(6):
        service.world.add_nodes(1, properties={"failure_domain": f"dc1/room{number // 4}"})
    body = service.prepared(0)
    group = {"name": "g", "policies": ["anti-affinity"], "level": "room", "max_per_domain": 2}
    hints = {"scheduler_hints": {"group": service.call("POST", "/v1/server_groups", group).json["uuid"]}}
    shown = _dry_run(service, {**_with(body, max_count=4), **hints}, token=MEMBER.replace("member", "admin,member"))
    rooms = [row["failure_domain"] for row in service.rows(models.Node) if row["id"] in {node["uuid"] for node in shown["nodes"]}]
    assert (shown["count"], sorted(rooms)) == (4, ["dc1/room0"] * 2 + ["dc1/room1"] * 2)
    service.call("POST", "/v1/servers", {**_with(body), **hints})
    service.work()
    told = _dry_run(service, {**_with(body, max_count=4), **hints})
    assert (told["count"], told["explanation"]["table"][-2]) == (3, {"predicate": "left by the group's rule (anti-affinity)", "nodes": 3})
    assert service.call("POST", PATH, {**_with(body, min_count=4), **hints}).status == 400


def test_what_a_create_would_refuse_is_refused(service: Service) -> None:
    body = service.prepared(1)
    for more, status in (
        ({"min_count": 2, "max_count": 1}, 400),
        ({"max_count": 1001}, 400),
        ({"surprise": 1}, 400),
        ({"availability_zone": "nowhere"}, 404),
        ({"flavor_uuid": service.flavor(disabled=True)}, 409),
    ):
        assert service.call("POST", PATH, _with(body, **more)).status == status, more
    assert service.call("POST", PATH, {**body, "scheduler_hints": {"group": DEFAULT_POOL}}).status == 404
    assert service.call("POST", PATH, body, version="1.5").status == 404
    assert service.call("POST", PATH, body, token=READER).status == 403
    assert service.call("POST", PATH, {"server": {"flavor_uuid": body["server"]["flavor_uuid"]}}, token=FOREIGN).status == 200


@pytest.mark.parametrize(("limit", "value", "found"), [("TRIED", 1, ["az1"]), ("PATIENCE", 0.0, []), ("PATIENCE", 99.0, ["az1", "az2"])])
def test_others_are_looked_at_for_a_while_only(
    service: Service, monkeypatch: pytest.MonkeyPatch, limit: str, value: float, found: list[str]
) -> None:
    monkeypatch.setattr(alternatives, limit, value)
    body = _with(service.prepared(3), availability_zone="az0")
    _zoned(service, az0=1, az1=1, az2=1)
    service.call("POST", "/v1/servers", body)
    service.work()
    assert [zone["name"] for zone in _dry_run(service, body)["explanation"]["other_zones"]] == found
