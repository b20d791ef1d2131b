# SPDX-License-Identifier: Apache-2.0
"""Limits of what a project may have out of one pool: servers, reservations and creates that are under way count."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import ADMIN, FOREIGN, Service
from tests.functional.reservations.test_api import error, reserve, statuses, using

OTHER = "00000000-0000-4000-8000-0000000000ff"


@pytest.fixture
def pools(service: Service) -> list[str]:
    """Two pools of three machines each."""
    service.prepared(6)
    made = []
    for tag, nodes in zip(("gold", "silver"), _thirds(service), strict=True):
        made.append(service.call("POST", "/v1/pools", {"name": tag, "all": [tag]}, token=ADMIN).json["uuid"])
        for node in nodes:
            service.call("PUT", f"/v1/nodes/{node}/tags/{tag}", token=ADMIN)
    return made


def _thirds(service: Service) -> list[list[str]]:
    nodes = sorted(row["id"] for row in service.rows(models.Node))
    return [nodes[:3], nodes[3:]]


def _limit(service: Service, pool: str, limit: int) -> None:
    assert service.call("PUT", "/v1/quotas/red", {"quotas": {f"pool:{pool}": limit}}, token=ADMIN).status == 200


def _body(service: Service, pools: list[str], **more: Any) -> dict[str, Any]:
    body = service.prepared(0)
    return {"server": {**body["server"], "flavor_uuid": service.flavor(pools=pools), **more}}


def _drawn(service: Service) -> list[str]:
    return [row["pool_id"] for row in service.rows(models.Claim)]


def test_the_numbers_are_told_and_other_projects_are_not_concerned(service: Service, pools: list[str]) -> None:
    _limit(service, pools[0], 1)
    body = _body(service, pools[:1])
    assert service.call("POST", "/v1/servers", body).status == 201
    # It is under way, and counts before it has a machine.
    refused = service.call("POST", "/v1/servers", body)
    assert refused.status == 403
    assert error(refused)["detail"] == f"Over quota: pool:{pools[0]}, limit 1, in use 1, asked for 1 more."
    service.work()
    assert service.call("POST", "/v1/servers", body).status == 403
    assert service.call("POST", "/v1/servers", {"server": {**body["server"]}}, token=FOREIGN).status == 201
    limits = service.call("GET", "/v1/limits").json["limits"]
    assert limits[f"pool:{pools[0]}"] == {"limit": 1, "usage": 1}


def test_the_next_pool_serves_when_one_is_used_up(service: Service, pools: list[str]) -> None:
    _limit(service, pools[0], 1)
    body = _body(service, pools)
    for _ in range(3):
        assert service.call("POST", "/v1/servers", body).status == 201
        service.work()
    assert _drawn(service) == [pools[0], pools[1], pools[1]]


def test_a_batch_takes_what_fits_or_is_refused(service: Service, pools: list[str]) -> None:
    _limit(service, pools[0], 2)
    assert service.call("POST", "/v1/servers", _body(service, pools[:1], min_count=3, max_count=3)).status == 403
    assert service.call("POST", "/v1/servers", _body(service, pools[:1], min_count=1, max_count=3)).status == 201
    service.work()
    assert _drawn(service) == [pools[0]] * 2


def test_what_is_reserved_counts_once(service: Service, pools: list[str]) -> None:
    _limit(service, pools[0], 2)
    body = _body(service, pools[:1])
    assert reserve(service, body, 3).status == 403
    made = reserve(service, body, 2).json["uuid"]
    assert service.call("POST", "/v1/servers", body).status == 403
    assert service.call("POST", "/v1/servers", using(body, made)).status == 201
    service.work()
    assert statuses(service) == ["active"] and service.call("GET", "/v1/limits").json["limits"][f"pool:{pools[0]}"]["usage"] == 2


def test_many_at_once_do_not_exceed_it(service: Service, pools: list[str]) -> None:
    _limit(service, pools[0], 2)
    body = _body(service, pools)
    with ThreadPoolExecutor(8) as pool:
        assert {reply.status for reply in pool.map(lambda _: service.call("POST", "/v1/servers", body), range(6))} == {201}
    service.work()
    assert _drawn(service).count(pools[0]) <= 2


def test_a_retry_is_within_the_limit(service: Service, pools: list[str]) -> None:
    body = _body(service, pools[:1])
    service.world.fail_next("deploy", times=9)
    failed = service.call("POST", "/v1/servers", body).json["uuid"]
    service.work()
    _limit(service, pools[0], 0)
    refused = service.call("PUT", f"/v1/servers/{failed}/states/provision", {"target": "retry"})
    assert refused.status == 403 and "limit 0" in error(refused)["detail"]


def test_limits_of_pools_are_of_1_6_and_kept_by_those_who_do_not_know_them(service: Service, pools: list[str]) -> None:
    name = f"pool:{pools[0]}"
    for version, status in (("1.5", 400), ("1.6", 200)):
        assert service.call("PUT", "/v1/quotas/red", {"quotas": {name: 2}}, token=ADMIN, version=version).status == status
    older = service.call("PUT", "/v1/quotas/red", {"quotas": {"servers": 3}}, token=ADMIN, version="1.5").json["quotas"]
    assert name not in older and "reserved_nodes" not in older
    assert service.call("GET", "/v1/quotas/red", token=ADMIN).json["quotas"][name] == {"limit": 2, "usage": 0, "default": False}
    assert service.call("PUT", "/v1/quotas/red", {"quotas": {f"pool:{OTHER}": 1}}, token=ADMIN).status == 400
    flavorless = service.call("DELETE", f"/v1/pools/{pools[0]}", token=ADMIN)
    assert flavorless.status == 204 and service.rows(models.Quota)[0]["resource"] == "servers"


def test_machines_in_reservations_have_a_limit(service: Service) -> None:
    body = service.prepared(3)
    assert service.call("PUT", "/v1/quotas/red", {"quotas": {"reserved_nodes": 2}}, token=ADMIN).status == 200
    refused = reserve(service, body, 3)
    assert error(refused)["detail"] == "Over quota: reserved_nodes, limit 2, in use 0, asked for 3 more."
    assert reserve(service, body, 2).status == 201 and reserve(service, body, 1).status == 403


def test_what_could_be_had_is_within_the_limits_of_pools(service: Service, pools: list[str]) -> None:
    body = _body(service, pools)
    flavor = body["server"]["flavor_uuid"]
    for pool, limit in zip(pools, (1, 2), strict=True):
        limits = service.call("GET", "/v1/quotas/red", token=ADMIN).json["quotas"]
        kept = {name: use["limit"] for name, use in limits.items() if name.startswith("pool:")}
        service.call("PUT", "/v1/quotas/red", {"quotas": {**kept, f"pool:{pool}": limit}}, token=ADMIN)
    found = service.call("GET", f"/v1/capacity?flavor={flavor}&count=5").json
    assert (found["available"], found["bounded_by"]) == (2, "quota")
    shown = service.call("GET", f"/v1/pools/{pools[0]}/capacity").json
    assert [one["available"] for one in shown["flavors"]] == [1]


def test_an_empty_pool_shuts_no_other_out(service: Service, pools: list[str]) -> None:
    empty = service.call("POST", "/v1/pools", {"name": "empty", "all": ["nobody"]}, token=ADMIN).json["uuid"]
    _limit(service, pools[0], 2)
    body = _body(service, [empty, pools[0]], min_count=1, max_count=3)
    for count in ("", "&count=2", "&count=3"):
        found = service.call("GET", f"/v1/capacity?flavor={body['server']['flavor_uuid']}{count}").json
        assert found["available"] == 2
    assert found["bounded_by"] == "quota"
    assert service.call("POST", "/v1/servers", body).status == 201
    service.work()
    assert sorted(row["status"] for row in service.call("GET", "/v1/servers").json["servers"]) == ["active", "active"]


def test_older_clients_set_back_only_what_they_know(service: Service, pools: list[str]) -> None:
    service.call("PUT", "/v1/quotas/red", {"quotas": {f"pool:{pools[0]}": 1, "servers": 1, "reserved_nodes": 3}}, token=ADMIN)
    assert service.call("DELETE", "/v1/quotas/red", token=ADMIN, version="1.5").status == 204
    assert {row["resource"] for row in service.rows(models.Quota)} == {f"pool:{pools[0]}", "reserved_nodes"}
    assert service.call("DELETE", "/v1/quotas/red", token=ADMIN).status == 204
    assert service.rows(models.Quota) == []
