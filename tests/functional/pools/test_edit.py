# SPDX-License-Identifier: Apache-2.0
"""Pools are shown, edited and deleted; who may draw on one; what they have in common."""

import uuid
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import ADMIN, DEFAULT_POOL, FOREIGN, MEMBER, Service


@pytest.fixture
def nodes(service: Service) -> list[str]:
    """Ids of three nodes; the first two have the tag ssd, the first one gold."""
    service.token = ADMIN
    service.body = service.prepared()  # type: ignore[attr-defined]
    found = sorted(service.world.nodes)
    for node_id, tags in zip(found, (["ssd", "gold"], ["ssd"]), strict=False):
        service.call("PUT", f"/v1/nodes/{node_id}/tags", {"tags": tags})
    return found


def made(service: Service, name: str, **more: Any) -> str:
    return str(service.call("POST", "/v1/pools", {"name": name, **more}).json["uuid"])


def offered(service: Service, pool_id: str) -> set[str]:
    return {row["node_id"] for row in service.rows(models.Offer) if row["pool_id"] == pool_id}


def test_a_pool_is_shown_and_edited(service: Service, nodes: list[str]) -> None:
    pool = made(service, "p", all=["ssd"])
    shown = service.call("GET", f"/v1/pools/{pool}")
    assert (shown.json["nodes"], shown.json["projects"], shown.json["rebuilding"], shown.json["progress"]) == (2, None, False, 100)
    patch = [{"op": "add", "path": "/none/-", "value": "gold"}, {"op": "replace", "path": "/name", "value": "q"}]
    edited = service.call("PATCH", f"/v1/pools/{pool}", patch, headers={"If-Match": shown.headers["etag"]})
    assert (edited.json["name"], edited.json["none"], edited.json["nodes"]) == ("q", ["gold"], 1)
    assert offered(service, pool) == {nodes[1]}
    assert service.call("PATCH", f"/v1/pools/{pool}", patch, headers={"If-Match": shown.headers["etag"]}).status == 412
    assert service.call("GET", f"/v1/pools/{pool}", version="1.4").status == 404
    assert "projects" not in service.call("GET", "/v1/pools", version="1.4").json["pools"][0]
    assert service.call("GET", f"/v1/pools/{uuid.uuid4()}").status == 404


@pytest.mark.parametrize(
    "patch",
    [
        [{"op": "add", "path": "/all/-", "value": "a b"}],
        [{"op": "add", "path": "/all/-", "value": "abc\n"}],
        [{"op": "replace", "path": "/projects", "value": "all"}],
        [{"op": "remove", "path": "/name"}],
        [{"op": "add", "path": "/generation", "value": 7}],
    ],
)
def test_bad_edits(service: Service, nodes: list[str], patch: Any) -> None:
    assert service.call("PATCH", f"/v1/pools/{made(service, 'p')}", patch).status == 400


def test_a_name_is_taken_once(service: Service, nodes: list[str]) -> None:
    pool = made(service, "p")
    assert service.call("PATCH", f"/v1/pools/{pool}", [{"op": "replace", "path": "/name", "value": "default"}]).status == 409


def test_unknown_tags_make_an_empty_pool(service: Service, nodes: list[str]) -> None:
    pool = made(service, "p", all=["nobody:has=this"])
    assert service.call("GET", f"/v1/pools/{pool}").json["nodes"] == 0


def test_a_pool_that_flavors_draw_on_is_not_deleted(service: Service, nodes: list[str]) -> None:
    pool = made(service, "p", all=["ssd"])
    flavors = [service.flavor(pools=[pool], name=f"f{number}") for number in range(2)]
    refused = service.call("DELETE", f"/v1/pools/{pool}")
    assert refused.status == 409 and "f0, f1" in refused.json["message"]
    for flavor in flavors:
        assert service.call("DELETE", f"/v1/flavors/{flavor}").status == 204
    assert service.call("DELETE", f"/v1/pools/{pool}").status == 204
    assert service.call("GET", f"/v1/pools/{pool}").status == 404
    assert offered(service, pool) == set() and {row["pool_id"] for row in service.rows(models.PoolMember)} == {DEFAULT_POOL}
    assert service.call("DELETE", f"/v1/pools/{DEFAULT_POOL}").status == 409


def test_overlaps_are_shown_in_pages(service: Service, nodes: list[str]) -> None:
    ssd, gold, none = (made(service, name, all=[name]) for name in ("ssd", "gold", "none"))
    shared = service.call("GET", f"/v1/pools/{ssd}/overlaps").json["overlaps"]
    assert {one["uuid"]: (one["name"], one["nodes"]) for one in shared} == {gold: ("gold", 1), DEFAULT_POOL: ("default", 2)}
    first = service.call("GET", f"/v1/pools/{ssd}/overlaps?limit=1").json
    rest = service.call("GET", first["overlaps_links"][0]["href"].partition("localhost")[2]).json
    assert [*first["overlaps"], *rest["overlaps"]] == shared
    assert service.call("GET", f"/v1/pools/{none}/overlaps").json == {"overlaps": []}
    assert service.call("GET", f"/v1/pools/{ssd}/overlaps?marker={uuid.uuid4()}").status == 404


def test_only_its_projects_draw_on_a_pool(service: Service, nodes: list[str]) -> None:
    body: dict[str, Any] = service.body  # type: ignore[attr-defined]
    reds, all_of_them = made(service, "red", all=["gold"], projects=["red"]), made(service, "ssd", all=["ssd"])
    body["server"]["flavor_uuid"] = service.flavor(pools=[reds, all_of_them])
    only = service.flavor(pools=[reds])
    refused = service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": only}}, token=FOREIGN)
    assert refused.status == 403 and "open to your project" in refused.json["message"]
    assert service.call("POST", "/v1/servers", body, token=FOREIGN).status == 201
    service.work()
    [claim] = service.rows(models.Claim)
    assert claim["node_id"] in nodes[:2], "out of the pool that is open to all"
    assert service.call("PATCH", f"/v1/pools/{reds}", [{"op": "replace", "path": "/projects", "value": []}]).json["projects"] == []
    assert service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": only}}, token=MEMBER).status == 403
    assert service.call("PATCH", f"/v1/pools/{reds}", [{"op": "remove", "path": "/projects"}]).json["projects"] is None
    assert service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": only}}, token=MEMBER).status == 201
