# SPDX-License-Identifier: Apache-2.0
"""Nobody gets more than the limit, however many ask at once, and usage is what there is (Mogan's defects 21 to 23)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, MEMBER, Service


@pytest.fixture
def body(service: Service) -> dict[str, Any]:
    return service.prepared()


def _limit(service: Service, project: str = "red", **quotas: int) -> None:
    named = {name.replace("flavor_", "flavor:"): limit for name, limit in quotas.items()}
    assert service.call("PUT", f"/v1/quotas/{project}", {"quotas": named}, token=ADMIN).status == 200


def _usage(service: Service, token: str = MEMBER) -> int:
    return int(service.call("GET", "/v1/limits", token=token).json["limits"]["servers"]["usage"])


def test_the_refusal_names_what_is_used_up(service: Service, body: dict[str, Any]) -> None:
    _limit(service, servers=1)
    assert service.call("POST", "/v1/servers", body).status == 201
    refused = service.call("POST", "/v1/servers", body)
    assert refused.status == 403
    (error,) = refused.json["errors"]
    assert error["code"] == "over_quota"
    assert error["detail"] == "Over quota: servers, limit 1, in use 1, asked for 1 more."
    assert service.call("POST", "/v1/servers", body, token=FOREIGN).status == 201


@pytest.mark.parametrize(("least", "most", "made"), [(1, 9, 3), (3, 3, 3), (3, 4, 3), (4, 9, 0), (None, 2, 2), (4, None, 0)])
def test_of_a_batch_what_fits_is_made(service: Service, body: dict[str, Any], least: int | None, most: int | None, made: int) -> None:
    _limit(service, servers=3)
    body["server"] |= {name: count for name, count in (("min_count", least), ("max_count", most)) if count is not None}
    assert service.call("POST", "/v1/servers", body).status == (201 if made else 403)
    assert len(service.rows(models.Server)) == len(service.rows(models.Operation)) == made
    assert {row["name"] for row in service.rows(models.Server)} == {f"s-{number + 1}" for number in range(made)}


def test_each_flavor_has_a_limit(service: Service, body: dict[str, Any]) -> None:
    service.conf.set_override("servers_per_flavor", 1, "quotas")
    assert service.call("POST", "/v1/servers", body).status == 201
    assert f"flavor:{body['server']['flavor_uuid']}, limit 1, in use 1" in service.call("POST", "/v1/servers", body).json["message"]
    body["server"]["flavor_uuid"] = other = service.flavor()
    assert service.call("POST", "/v1/servers", body).status == 201
    _limit(service, **{f"flavor_{other}": 2})
    assert service.call("POST", "/v1/servers", body).status == 201
    assert service.call("POST", "/v1/servers", body).status == 403


@pytest.mark.parametrize("round_", range(3))
def test_many_at_once_do_not_exceed_it(service: Service, body: dict[str, Any], round_: int) -> None:
    _limit(service, servers=5)
    batch = {"server": {**body["server"], "max_count": 2}}
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda number: service.call("POST", "/v1/servers", batch if number % 2 else body).status, range(24)))
    assert set(replies) == {201, 403}
    assert len(service.rows(models.Server)) == 5
    with ThreadPoolExecutor(12) as pool:
        made = list(pool.map(lambda number: service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["affinity"]}), range(14)))
    assert sorted(reply.status for reply in made) == [201] * 10 + [403] * 4


def test_a_replay_takes_nothing_even_at_the_same_moment(service: Service, body: dict[str, Any]) -> None:
    _limit(service, servers=1)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _: service.call("POST", "/v1/servers", body, headers={"Idempotency-Key": "k"}), range(8)))
    assert {(reply.status, reply.json["uuid"]) for reply in replies} == {(201, replies[0].json["uuid"])}
    assert _usage(service) == 1


def test_defect_21_usage_is_what_there_is_however_it_went(service: Service, body: dict[str, Any]) -> None:
    """In Mogan a create that failed and each repeated delete took one off, so that quotas could be got round."""
    server = properties.create(service)
    service.world.fail_next("deploy", times=9)
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "error"
    assert _usage(service) == 1
    for _ in range(3):
        assert service.call("DELETE", f"/v1/servers/{server['uuid']}").status == 204
        assert _usage(service) == 1
    properties.finish(service)
    assert _usage(service) == 0


def test_defect_22_an_operator_who_deletes_frees_the_owners_quota(service: Service, body: dict[str, Any]) -> None:
    """In Mogan it was the operator's project that got it."""
    server = properties.create(service)
    assert service.call("DELETE", f"/v1/servers/{server['uuid']}", token=ADMIN).status == 204
    properties.finish(service)
    assert (_usage(service), _usage(service, ADMIN)) == (0, 0)


def test_adopted_servers_count_for_their_owner(service: Service) -> None:
    nodes = service.world.add_nodes(2, provision_state="active", power_state="power on")
    service.sync()
    _limit(service, "blue", servers=1)
    bodies = [{"name": "old", "node_uuid": node, "project_id": "blue"} for node in nodes]
    statuses = [service.call("POST", "/v1/manageable_servers", body, token=ADMIN).status for body in bodies]
    assert statuses == [201, 403]
    assert (_usage(service, FOREIGN), _usage(service, ADMIN)) == (1, 0)
    assert set(service.call("GET", "/v1/limits", token=FOREIGN).json["limits"]) == {
        "servers",
        "server_groups",
        "keypairs",
        "reserved_nodes",
    }


def test_key_pairs_are_counted_for_each_user(service: Service) -> None:
    _limit(service, keypairs=1)
    assert service.call("POST", "/v1/keypairs", {"name": "a"}).status == 201
    assert "keypairs, limit 1, in use 1" in service.call("POST", "/v1/keypairs", {"name": "b"}).json["message"]
    assert service.call("POST", "/v1/keypairs", {"name": "b"}, token="dave:red:member,reader").status == 201
    assert service.call("DELETE", "/v1/keypairs/a").status == 204
    assert service.call("POST", "/v1/keypairs", {"name": "b"}).status == 201
