# SPDX-License-Identifier: Apache-2.0
"""Server groups: tenants use them, and the rule holds."""

import threading
import uuid
from collections import Counter
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service


def _racks(service: Service, *racks: str) -> dict[str, Any]:
    for rack in racks:
        service.world.add_nodes(1, properties={"failure_domain": rack})
    return service.prepared(nodes=0)


def _group(service: Service, policy: str, **rules: Any) -> str:
    reply = service.call("POST", "/v1/server_groups", {"name": "g", "policies": [policy], **rules})
    assert reply.status == 201
    return str(reply.json["uuid"])


def _create(service: Service, body: dict[str, Any], group: str, count: int = 1) -> None:
    asked = {"server": {**body["server"], "min_count": 1, "max_count": count}, "scheduler_hints": {"group": group}}
    assert service.call("POST", "/v1/servers", asked).status == 201


def _domains(service: Service) -> list[str]:
    racks = {row["id"]: row["failure_domain"] for row in service.rows(models.Node)}
    return sorted(racks[row["node_id"]] for row in service.rows(models.Claim) if row["state"] == "live")


def _statuses(service: Service) -> list[str]:
    return sorted(row["status"] for row in service.rows(models.Server))


def test_contract(service: Service) -> None:
    reply = service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["affinity"]}, version=None)
    group = reply.json
    assert (reply.status, reply.headers["location"].rpartition("/")[2]) == (201, group["uuid"])
    assert (group["name"], group["policies"], group["members"], group["project_id"]) == ("g", ["affinity"], [], "red")
    assert service.call("GET", "/v1/server_groups", version="1.4").json["server_groups"] == [group]
    assert service.call("GET", f"/v1/server_groups/{group['uuid']}", version="1.4").json == group
    group |= {"level": None, "max_per_domain": 1}
    assert service.call("GET", "/v1/server_groups").json["server_groups"] == [group]
    assert service.call("GET", "/v1/server_groups", token=FOREIGN).json["server_groups"] == []
    assert service.call("GET", "/v1/server_groups?all_tenants=True", token=FOREIGN).json["server_groups"] == []
    assert service.call("GET", "/v1/server_groups?all_tenants=true", token=ADMIN).json["server_groups"] == [group]
    for method in ("GET", "DELETE"):
        assert service.call(method, f"/v1/server_groups/{group['uuid']}", token=FOREIGN).status == 404
    assert service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["affinity"]}, token=READER).status == 403
    assert service.call("DELETE", f"/v1/server_groups/{group['uuid']}").status == 204
    assert service.call("GET", f"/v1/server_groups/{group['uuid']}").status == 404


@pytest.mark.parametrize("policies", [[], ["affinity", "anti-affinity"], ["closeness"], "affinity"])
def test_bad_policies(service: Service, policies: object) -> None:
    assert service.call("POST", "/v1/server_groups", {"name": "g", "policies": policies}).status == 400


def test_members_are_servers_and_leave_with_them(service: Service) -> None:
    body, group = _racks(service, "r1", "r2"), _group(service, "anti-affinity")
    _create(service, body, group, 2)
    service.work()
    members = service.call("GET", f"/v1/server_groups/{group}").json["members"]
    assert len(members) == 2
    service.call("DELETE", f"/v1/servers/{members[0]}")
    properties.finish(service)
    assert service.call("GET", f"/v1/server_groups/{group}").json["members"] == members[1:]


def test_anti_affinity_is_one_domain_each_or_none(service: Service) -> None:
    body, group = _racks(service, "r1", "r1", "r2", "r2", ""), _group(service, "anti-affinity")
    _create(service, body, group, 3)
    service.work()
    assert _domains(service) == ["r1", "r2"]
    assert _statuses(service) == ["active", "active", "error"]


def test_affinity_is_one_domain_for_all(service: Service) -> None:
    body, group = _racks(service, "r1", "r1", "r2", "r2", ""), _group(service, "affinity")
    _create(service, body, group, 3)
    service.work()
    assert len(set(_domains(service))) == 1
    assert _statuses(service) == ["active", "active", "error"]


RACKS = ("dc1/a/1/r1", "dc1/a/1/r1", "dc1/a/1/r1", "dc1/a/2/r2", "dc1/b/3/r3", "dc1/b/3/r3")


@pytest.mark.parametrize(
    ("policy", "rules", "count", "domains"),
    [
        ("anti-affinity", {"level": "rack"}, 4, [1, 1, 1]),
        ("anti-affinity", {"level": "rack", "max_per_domain": 2}, 6, [1, 2, 2]),
        ("anti-affinity", {"level": "room"}, 3, [1, 1]),
        ("anti-affinity", {"level": "dc"}, 2, [1]),
        ("affinity", {"level": "rack"}, 4, [3]),
        ("affinity", {"level": "room"}, 4, [1, 3]),
        ("soft-anti-affinity", {"level": "rack"}, 5, [1, 2, 2]),
        ("soft-affinity", {"level": "rack"}, 4, [1, 3]),
    ],
)
def test_a_rule_holds_by_its_level(service: Service, policy: str, rules: dict[str, Any], count: int, domains: list[int]) -> None:
    body, group = _racks(service, *RACKS), _group(service, policy, **rules)
    assert service.call("GET", f"/v1/server_groups/{group}").json["level"] == rules["level"]
    _create(service, body, group, count)
    service.work()
    assert sorted(Counter(_domains(service)).values()) == domains
    assert _statuses(service).count("error") == count - sum(domains)


def test_a_rule_that_no_machine_could_keep_is_refused(service: Service) -> None:
    body, group = _racks(service, *RACKS), _group(service, "affinity", level="power")
    asked = {**body, "scheduler_hints": {"group": group}}
    refused = service.call("POST", "/v1/servers", asked)
    assert (refused.status, "of the level power" in refused.json["message"]) == (400, True)
    assert (
        service.call("POST", "/v1/servers", {**asked, "scheduler_hints": {"group": _group(service, "soft-affinity", level="power")}}).status
        == 201
    )


def test_members_that_come_later_keep_the_rule(service: Service) -> None:
    body, group = _racks(service, *RACKS), _group(service, "anti-affinity", level="rack", max_per_domain=2)
    for _ in range(6):
        _create(service, body, group)
        service.work()
    assert sorted(Counter(_domains(service)).values()) == [1, 2, 2]


@pytest.mark.parametrize(
    "rules",
    [{"level": "shelf"}, {"level": ""}, {"max_per_domain": 0}, {"max_per_domain": 1001}, {"policies": ["affinity"], "max_per_domain": 2}],
)
def test_a_rule_that_makes_no_sense(service: Service, rules: dict[str, Any]) -> None:
    reply = service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["anti-affinity"], **rules})
    assert reply.status == 400
    assert service.rows(models.ServerGroup) == []


def test_soft_rules_and_levels_came_with_1_5(service: Service) -> None:
    for more in ({"policies": ["soft-affinity"]}, {"level": "rack"}):
        reply = service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["anti-affinity"], **more}, version="1.4")
        assert reply.status == 400


def test_a_rule_that_can_never_hold_is_refused_with_the_numbers(service: Service) -> None:
    body, group = _racks(service, *RACKS), _group(service, "anti-affinity", level="rack", max_per_domain=2)
    asked = {**body, "server": {**body["server"], "min_count": 7, "max_count": 7}, "scheduler_hints": {"group": group}}
    reply = service.call("POST", "/v1/servers", asked)
    assert reply.status == 400
    assert "7 more: there are 3 failure domains of the level rack, and it has at most 2 in each" in reply.json["errors"][0]["detail"]
    assert service.rows(models.Server) == []
    _create(service, body, group, 2)
    asked["server"] |= {"min_count": 5, "max_count": 5}
    assert "beside the 2 that have a machine or wait for one" in service.call("POST", "/v1/servers", asked).json["errors"][0]["detail"]


def test_defect_15b_a_retry_does_not_count_the_server_itself(service: Service) -> None:
    body, group = _racks(service, "r1", "r1"), _group(service, "anti-affinity")
    service.world.fail_next("deploy")
    _create(service, body, group)
    service.work()
    assert _statuses(service) == ["active"]
    assert _domains(service) == ["r1"]


def test_defect_3_another_project_s_group_is_not_found(service: Service) -> None:
    body, group = _racks(service, "r1"), _group(service, "affinity")
    for hint, status in ((group, 404), (str(uuid.uuid4()), 404), ("x", 400)):
        reply = service.call("POST", "/v1/servers", {**body, "scheduler_hints": {"group": hint}}, token=FOREIGN)
        assert reply.status == status
    assert service.call("POST", "/v1/servers", {**body, "scheduler_hints": {"colour": "red"}}).status == 400
    assert service.rows(models.Server) == []


def test_the_rule_holds_for_conductors_that_claim_at_one_moment(service: Service) -> None:
    body, group = _racks(service, *[f"r{number % 4}" for number in range(16)]), _group(service, "anti-affinity")
    _create(service, body, group, 8)
    conductors = [service.new_conductor(f"c{number}") for number in range(4)]

    def work(conductor: Any) -> None:
        for operation, lease in conductor._claims.take(2):
            conductor._runner.run(operation, lease)

    threads = [threading.Thread(target=work, args=(conductor,)) for conductor in conductors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    service.work()
    assert _domains(service) == ["r0", "r1", "r2", "r3"]
    assert _statuses(service) == ["active"] * 4 + ["error"] * 4


def test_an_operator_s_affinity_zone_is_above_ironic_s_domain(service: Service) -> None:
    body, group = _racks(service, "r1", "r1"), _group(service, "anti-affinity")
    for zone, node in zip(("z1", "z2"), service.call("GET", "/v1/nodes", token=ADMIN, version="1.1").json["nodes"], strict=True):
        aggregate = service.call("POST", "/v1/aggregates", {"name": zone, "metadata": {"affinity_zone": zone}}, token=ADMIN).json["uuid"]
        assert service.call("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": node}, token=ADMIN).status == 204
    _create(service, body, group, 2)
    service.work()
    assert _statuses(service) == ["active", "active"]
    servers = service.call("GET", "/v1/servers", token=ADMIN).json["servers"] or service.call("GET", "/v1/servers").json["servers"]
    zones = {service.call("GET", f"/v1/servers/{server['uuid']}", token=ADMIN).json["affinity_zone"] for server in servers}
    assert zones == {"z1", "z2"}


def test_what_others_of_the_batch_have_got_counts_in_the_explanation(service: Service) -> None:
    """Whichever of them claims first, and gets a machine itself."""
    _create(service, _racks(service, "r1", "r1", "r2", "r2"), _group(service, "anti-affinity"), 4)
    service.work()
    refused = [row for row in service.rows(models.Operation) if row["state"] == "failed"]
    assert len(refused) == 2
    for row in refused:
        told = service.call("GET", f"/v1/operations/{row['id']}").json
        assert [left["nodes"] for left in told["placement"]["explanation"]["table"] if "rule" in left["predicate"]] == [0]
        assert told["error"]["message"] == "The rule of its server group leaves 0 of at least 1 machine of this flavor."
        assert "what would fit" in told["error"]["hint"]


def test_a_path_behind_a_zone_is_no_domain_of_its_own(service: Service) -> None:
    """Without a level a machine's domain is its affinity zone, where it has one."""
    body, group = _racks(service, "r1", "r2", "r3"), _group(service, "anti-affinity")
    every = {"filter": {"all": []}, "add": ["affinity_zone=only"]}
    assert service.call("POST", "/v1/nodes/tags", every, token=ADMIN).status == 200
    asked = {"server": {**body["server"], "min_count": 2, "max_count": 2}, "scheduler_hints": {"group": group}}
    refused = service.call("POST", "/v1/servers", asked)
    assert (refused.status, "there are 1 failure domain," in refused.json["message"]) == (400, True)
    [one, *_] = service.rows(models.Node)
    assert service.call("DELETE", f"/v1/nodes/{one['id']}/tags/affinity_zone=only", token=ADMIN).status == 204
    assert service.call("POST", "/v1/servers", asked).status == 201


def test_a_member_that_got_no_machine_leaves_its_place_to_others(service: Service) -> None:
    body, group = _racks(service, "r1", "r1", "r2", "r2"), _group(service, "anti-affinity")
    _create(service, body, group, 3)
    service.work()
    [failed] = [row["id"] for row in service.rows(models.Server) if row["status"] == "error"]
    again = {**body, "scheduler_hints": {"group": group}}
    assert service.call("POST", "/v1/servers", again).status == 400
    gone = next(row["id"] for row in service.rows(models.Server) if row["status"] == "active")
    service.call("DELETE", f"/v1/servers/{gone}")
    properties.finish(service)
    assert failed in service.call("GET", f"/v1/server_groups/{group}").json["members"]
    _create(service, body, group)
    service.work()
    assert _domains(service) == ["r1", "r2"]
