# SPDX-License-Identifier: Apache-2.0
"""Limits over REST: who sees and sets them."""

from typing import Any

import pytest

from tests.fixtures.service import ADMIN, FOREIGN, READER, Service

DEFAULTS = {"servers": 10, "server_groups": 10, "keypairs": 100, "reserved_nodes": 10}
NOWHERE = "00000000-0000-4000-8000-000000000000"


def _set(service: Service, quotas: dict[str, Any], **more: Any) -> Any:
    return service.call("PUT", "/v1/quotas/red", {"quotas": quotas}, token=ADMIN, **more)


def test_a_reader_sees_limits_and_usage_of_the_own_project(service: Service) -> None:
    body = service.prepared()
    flavor = body["server"]["flavor_uuid"]
    assert service.call("POST", "/v1/servers", body).status == 201
    assert service.call("POST", "/v1/keypairs", {"name": "k"}).status == 201
    found = service.call("GET", "/v1/limits", token=READER).json
    assert found == {
        "limits": {
            "servers": {"limit": 10, "usage": 1},
            "server_groups": {"limit": 10, "usage": 0},
            # Carol's, not Alice's.
            "keypairs": {"limit": 100, "usage": 0},
            "reserved_nodes": {"limit": 10, "usage": 0},
            f"flavor:{flavor}": {"limit": -1, "usage": 1},
        }
    }
    assert service.call("GET", "/v1/limits").json["limits"]["keypairs"]["usage"] == 1
    assert service.call("GET", "/v1/limits", token=FOREIGN).json["limits"]["servers"]["usage"] == 0
    assert service.call("GET", "/v1/limits", version="1.2").status == 404


def test_defect_23_operators_set_them_and_set_them_back(service: Service) -> None:
    flavor = service.flavor()
    reply = _set(service, {"servers": 3, "keypairs": -1, "server_groups": None, f"flavor:{flavor}": 0})
    assert reply.status == 200
    assert reply.json == service.call("GET", "/v1/quotas/red", token=READER).json == {
        "project_id": "red",
        "quotas": {
            "servers": {"limit": 3, "usage": 0, "default": False},
            "server_groups": {"limit": 10, "usage": 0, "default": True},
            "keypairs": {"limit": -1, "usage": None, "default": False},
            "reserved_nodes": {"limit": 10, "usage": 0, "default": True},
            f"flavor:{flavor}": {"limit": 0, "usage": 0, "default": False},
        },
    }  # fmt: skip
    # What is absent is a default again.
    assert _set(service, {"server_groups": 1}).json["quotas"]["servers"] == {"limit": 10, "usage": 0, "default": True}
    assert service.call("DELETE", "/v1/quotas/red", token=ADMIN).status == 204
    assert service.call("DELETE", "/v1/quotas/red", token=ADMIN).status == 204
    found = service.call("GET", "/v1/limits").json["limits"]
    assert {name: use["limit"] for name, use in found.items()} == DEFAULTS


def test_the_defaults_are_configured(service: Service) -> None:
    for name in DEFAULTS:
        service.conf.set_override(name, 7, "quotas")
    assert {use["limit"] for use in service.call("GET", "/v1/limits").json["limits"].values()} == {7}


def test_a_change_that_was_not_seen_is_not_overwritten(service: Service) -> None:
    seen = service.call("GET", "/v1/quotas/red", token=ADMIN).headers["etag"]
    assert _set(service, {"servers": 3}, headers={"If-Match": seen}).status == 200
    assert _set(service, {"servers": 4}, headers={"If-Match": seen}).status == 412


def test_tenants_neither_set_them_nor_see_those_of_others(service: Service) -> None:
    assert service.call("PUT", "/v1/quotas/red", {"quotas": {"servers": 99}}).status == 403
    assert service.call("DELETE", "/v1/quotas/red").status == 403
    assert service.call("GET", "/v1/quotas/red", token=FOREIGN).status == 404
    assert service.call("GET", "/v1/quotas/nosuch", token=ADMIN).json["quotas"]["servers"]["limit"] == 10


@pytest.mark.parametrize(
    "quotas",
    [{"servers": -2}, {"servers": "3"}, {"servers": 2**31}, {"nodes": 1}, {"flavor:x": 1}, {f"flavor:{NOWHERE}": 1}, {"flavor:": 1}, 3],
)  # fmt: skip
def test_bad_limits(service: Service, quotas: Any) -> None:
    assert _set(service, quotas).status == 400
    assert service.call("PUT", "/v1/quotas/red", {}, token=ADMIN).status == 400


def test_the_limit_of_a_flavor_goes_with_it(service: Service) -> None:
    flavor = service.flavor()
    assert _set(service, {f"flavor:{flavor}": 1}).status == 200
    assert service.call("DELETE", f"/v1/flavors/{flavor}", token=ADMIN).status == 204
    assert set(service.call("GET", "/v1/limits").json["limits"]) == set(DEFAULTS)


def test_limits_in_keystone(service: Service) -> None:
    service.conf.set_override("driver", "unified", "quotas")
    service.world.registered_limits = {"servers": 2, "keypairs": -1}
    service.world.project_limits = {("red", "servers"): 5, ("blue", "servers"): 1}
    found = service.call("GET", "/v1/limits").json["limits"]
    # What is not registered there may not be had at all.
    assert {name: use["limit"] for name, use in found.items()} == {"servers": 5, "server_groups": 0, "keypairs": -1, "reserved_nodes": 0}
    assert service.call("POST", "/v1/server_groups", {"name": "g", "policies": ["affinity"]}).status == 403
    assert _set(service, {"servers": 3}).status == 409
    assert service.call("DELETE", "/v1/quotas/red", token=ADMIN).status == 409


def test_while_keystone_is_away_nothing_is_created(service: Service) -> None:
    """But a replay answers what was made."""
    service.conf.set_override("driver", "unified", "quotas")
    service.world.registered_limits = {"servers": 2, "server_groups": 1, "keypairs": 2}
    body, key = service.prepared(), {"Idempotency-Key": "k"}
    group = {"name": "g", "policies": ["affinity"]}
    made = service.call("POST", "/v1/servers", body, headers=key).json
    assert service.call("POST", "/v1/server_groups", group, headers={"Idempotency-Key": "g"}).status == 201
    service.world.away("limits")
    refused = service.call("POST", "/v1/servers", body)
    assert (refused.status, refused.headers["retry-after"]) == (503, "5")
    assert service.call("POST", "/v1/servers", body, headers=key).json["uuid"] == made["uuid"]
    assert service.call("POST", "/v1/server_groups", group, headers={"Idempotency-Key": "g"}).status == 201
    assert service.call("POST", "/v1/keypairs", {"name": "k"}).status == 503
