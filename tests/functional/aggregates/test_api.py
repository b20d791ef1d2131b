# SPDX-License-Identifier: Apache-2.0
"""Aggregates and zones: the contract, and that they are tags."""

import uuid
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import ADMIN, MEMBER, Service


@pytest.fixture
def admin(service: Service) -> Any:
    def call(method: str, path: str, body: Any = None, **more: Any) -> Any:
        return service.call(method, path, body, token=ADMIN, **more)

    return call


def _aggregate(admin: Any, name: str, **metadata: str) -> str:
    return str(admin("POST", "/v1/aggregates", {"name": name, "metadata": metadata}).json["uuid"])


def _tags(service: Service) -> dict[str, set[str]]:
    names = {row["id"]: row["name"] for row in service.rows(models.Node)}
    found: dict[str, set[str]] = {name: set() for name in names.values()}
    for row in service.rows(models.NodeTag):
        found[names[row["node_id"]]].add(row["tag"].partition("=")[0] + "=" + row["tag"].partition("=")[2][:4])
    return found


def test_contract(service: Service, admin: Any) -> None:
    service.prepared(nodes=2)
    reply = admin("POST", "/v1/aggregates", {"name": "fast"}, version=None)
    made = reply.json
    assert (reply.status, made["name"], made["metadata"]) == (201, "fast", {})
    one = f"/v1/aggregates/{made['uuid']}"
    assert admin("POST", "/v1/aggregates", {"name": "fast"}).status == 409
    assert admin("GET", "/v1/aggregates").json["aggregates"] == [made]
    assert admin("GET", one).json == made
    patch = [{"op": "add", "path": "/metadata/disk", "value": "nvme"}, {"op": "replace", "path": "/name", "value": "faster"}]
    assert admin("PATCH", one, patch).json["metadata"] == {"disk": "nvme"}
    assert admin("POST", f"{one}/nodes", {"node": "node-0"}).status == 204
    assert admin("POST", f"{one}/nodes", {"node": "node-0"}).status == 204
    assert admin("GET", f"{one}/nodes").json == {"nodes": ["node-0"]}
    assert admin("POST", f"{one}/nodes", {"node": "nobody"}).status == 404
    assert admin("DELETE", f"{one}/nodes/node-1").status == 404
    assert admin("DELETE", f"{one}/nodes/node-0").status == 204
    assert admin("DELETE", one).status == 204
    assert admin("GET", one).status == 404


def test_metadata_are_tags_that_follow_every_change(service: Service, admin: Any) -> None:
    service.prepared(nodes=1)
    a, b = _aggregate(admin, "a", disk="nvme"), _aggregate(admin, "b", disk="nvme", cpu="amd")
    for aggregate in (a, b):
        assert admin("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": "node-0"}).status == 204
    own = {f"aggregate={a[:4]}", f"aggregate={b[:4]}"}
    assert _tags(service)["node-0"] == own | {"disk=nvme", "cpu=amd"}
    # What another aggregate still gives stays.
    assert admin("DELETE", f"/v1/aggregates/{b}").status == 204
    assert _tags(service)["node-0"] == {f"aggregate={a[:4]}", "disk=nvme"}
    assert admin("PATCH", f"/v1/aggregates/{a}", [{"op": "replace", "path": "/metadata/disk", "value": "hdd"}]).status == 200
    assert _tags(service)["node-0"] == {f"aggregate={a[:4]}", "disk=hdd"}


def test_defect_13_a_node_in_maintenance_keeps_its_aggregates(service: Service, admin: Any) -> None:
    service.prepared(nodes=1)
    aggregate = _aggregate(admin, "a", availability_zone="az1")
    admin("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": "node-0"})
    before = _tags(service)
    for maintenance in (True, False):
        next(iter(service.world.nodes.values())).maintenance = maintenance
        service.sync()
        assert _tags(service) == before


def test_a_zone_is_where_a_server_goes(service: Service, admin: Any) -> None:
    body = service.prepared(nodes=3)
    for zone in ("az1", "az2"):
        _aggregate(admin, zone, availability_zone=zone)
    zones = {row["name"]: row["uuid"] for row in admin("GET", "/v1/aggregates").json["aggregates"]}
    admin("POST", f"/v1/aggregates/{zones['az1']}/nodes", {"node": "node-1"})
    assert service.call("GET", "/v1/availability_zones", token=MEMBER).json == {"availability_zones": ["az1"]}
    refused = service.call("POST", "/v1/servers", {"server": {**body["server"], "availability_zone": "nowhere"}})
    assert refused.status == 404
    for status in ("active", "error"):
        server = service.call("POST", "/v1/servers", {"server": {**body["server"], "availability_zone": "az1"}}).json
        service.work()
        shown = admin("GET", f"/v1/servers/{server['uuid']}").json
        assert (shown["status"], shown["availability_zone"]) == (status, "az1")
        assert status == "error" or shown["node"] == "node-1"


def test_defect_9_a_flavor_s_aggregates_are_asked_for_beside_its_resources(service: Service, admin: Any) -> None:
    service.world.add_nodes(1, resource_class="gpu", prefix="gpu")
    body = service.prepared(nodes=2)
    aggregate = _aggregate(admin, "a", ssd="true")
    for node in ("gpu-0", "node-1"):
        assert admin("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": node}).status == 204
    body["server"]["flavor_uuid"] = service.flavor(resource_aggregates={"ssd": "true"})
    server = service.call("POST", "/v1/servers", body).json
    service.work()
    assert admin("GET", f"/v1/servers/{server['uuid']}").json["node"] == "node-1"


def test_a_node_is_in_one_zone_of_a_kind(service: Service, admin: Any) -> None:
    service.prepared(nodes=1)
    first, second = _aggregate(admin, "a", availability_zone="az1"), _aggregate(admin, "b", availability_zone="az2")
    third = _aggregate(admin, "c", availability_zone="az1", affinity_zone="r1")
    assert admin("POST", f"/v1/aggregates/{first}/nodes", {"node": "node-0"}).status == 204
    assert admin("POST", f"/v1/aggregates/{second}/nodes", {"node": "node-0"}).status == 400
    assert admin("POST", f"/v1/aggregates/{third}/nodes", {"node": "node-0"}).status == 204
    assert admin("GET", f"/v1/aggregates/{second}/nodes").json == {"nodes": []}
    patch = [{"op": "replace", "path": "/metadata/availability_zone", "value": "az3"}]
    assert admin("PATCH", f"/v1/aggregates/{third}", patch).status == 400


@pytest.mark.parametrize(
    "body",
    [{}, {"name": ""}, {"name": "a", "metadata": {"k": ""}}, {"name": "a", "metadata": {"aggregate": "x"}}, {"name": "a", "metadata": []}],
)
def test_bad_bodies(service: Service, admin: Any, body: Any) -> None:
    assert admin("POST", "/v1/aggregates", body).status == 400


def test_aggregates_are_for_operators(service: Service) -> None:
    for method, path, body in (
        ("GET", "/v1/aggregates", None),
        ("POST", "/v1/aggregates", {"name": "a"}),
        ("GET", f"/v1/aggregates/{uuid.uuid4()}", None),
        ("DELETE", f"/v1/aggregates/{uuid.uuid4()}/nodes/x", None),
    ):
        assert service.call(method, path, body).status == 403


def test_a_machine_that_ironic_does_not_know_any_more_makes_no_zone_and_can_be_taken_out(service: Service, admin: Any) -> None:
    body = service.prepared(nodes=1)
    aggregate = _aggregate(admin, "a", availability_zone="az1")
    admin("POST", f"/v1/aggregates/{aggregate}/nodes", {"node": "node-0"})
    [gone] = list(service.world.nodes)
    del service.world.nodes[gone]
    service.sync()
    assert service.call("GET", "/v1/availability_zones", token=MEMBER).json == {"availability_zones": []}
    assert service.call("POST", "/v1/servers", {"server": {**body["server"], "availability_zone": "az1"}}).status == 404
    assert admin("DELETE", f"/v1/aggregates/{aggregate}/nodes/{gone}").status == 204
    assert admin("GET", f"/v1/aggregates/{aggregate}/nodes").json["nodes"] == []
