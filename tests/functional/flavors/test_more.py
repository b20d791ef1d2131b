# SPDX-License-Identifier: Apache-2.0
"""What a flavor says of its servers: the usual partitions, which images it takes, its price; servers that exist stay as they are."""

from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import ADMIN, Service

MORE = {"partitions": {"root_gb": 20, "swap_mb": 512}, "image_properties": {"os_distro": ["debian", "ubuntu"]}, "price": "1.20 €/h"}
FLAVOR = {"name": "f", "description": "d", "resources": {"baremetal": 1}}


def patched(service: Service, flavor: str, *patch: dict[str, Any], version: str = "1.6") -> Any:
    return service.call("PATCH", f"/v1/flavors/{flavor}", list(patch), token=ADMIN, version=version)


def test_everybody_is_told_from_1_6_on(service: Service) -> None:
    flavor = service.call("POST", "/v1/flavors", {**FLAVOR, **MORE}, token=ADMIN).json["uuid"]
    shown = service.call("GET", f"/v1/flavors/{flavor}").json
    assert {name: shown[name] for name in MORE} == MORE
    assert not MORE.keys() & service.call("GET", f"/v1/flavors/{flavor}", version="1.5").json.keys()
    assert service.call("POST", "/v1/flavors", {**FLAVOR, "name": "g", **MORE}, token=ADMIN, version="1.5").status == 400
    plain = service.call("GET", f"/v1/flavors/{service.flavor()}").json
    assert [plain[name] for name in MORE] == [{}, {}, None]
    # An older client edits the rest and does not take them away.
    assert patched(service, flavor, {"op": "replace", "path": "/name", "value": "h"}, version="1.5").status == 200
    edited = patched(service, flavor, {"op": "remove", "path": "/partitions"}, {"op": "replace", "path": "/price", "value": "free"}).json
    assert (edited["partitions"], edited["image_properties"], edited["price"]) == ({}, MORE["image_properties"], "free")
    bad: list[dict[str, Any]] = [
        {"partitions": {"swap_mb": 1}}, {"image_properties": {"a": []}}, {"image_properties": {"a": "b"}}, {"price": ""}, {"price": 3}
    ]  # fmt: skip
    assert [service.call("POST", "/v1/flavors", {**FLAVOR, "name": "i", **one}, token=ADMIN).status for one in bad] == [400] * len(bad)


def test_the_usual_partitions_are_of_partition_images_that_name_none(service: Service) -> None:
    body = service.prepared()
    flavor = service.flavor(partitions=MORE["partitions"])

    def partitions(**more: Any) -> Any:
        reply = service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor, **more}})
        assert reply.status == 201, reply.raw
        return reply.json["partitions"]

    image = service.world.add_image(partition=True)
    assert partitions(image_uuid=image) == MORE["partitions"]
    assert partitions(image_uuid=image, partitions={"root_gb": 30}) == {"root_gb": 30}
    assert partitions() == {}, "the image is of a whole disk"
    patched(service, flavor, {"op": "replace", "path": "/partitions", "value": {"root_gb": 1}})
    service.work()
    told = [node.instance_info for node in service.world.nodes.values() if node.instance_info.get("swap_mb")]
    assert [(info["root_gb"], info["swap_mb"]) for info in told] == [(20, 512)]
    large = service.world.add_image(partition=True, min_disk=5)
    refused = service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor, "image_uuid": large}})
    assert refused.status == 400 and "root_gb (1)" in refused.json["message"]


def test_a_flavor_takes_images_with_its_properties(service: Service) -> None:
    body, flavor = service.prepared(), service.flavor(image_properties=MORE["image_properties"])
    images = {name: service.world.add_image(os_distro=name) for name in ("debian", "ubuntu", "windows")}

    def created(image: str) -> Any:
        return service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor, "image_uuid": image}})

    refused = created(images["windows"])
    assert refused.status == 400 and "'windows'" in refused.json["message"] and "image_properties" in refused.json["errors"][0]["hint"]
    assert "has no os_distro" in created(body["server"]["image_uuid"]).json["message"]
    server = created(images["debian"]).json["uuid"]
    service.work()
    patched(service, flavor, {"op": "replace", "path": "/image_properties", "value": {"os_distro": ["ubuntu"]}})

    def rebuilt(**more: Any) -> int:
        status = service.call("PUT", f"/v1/servers/{server}/states/provision", {"target": "rebuild", **more}).status
        service.work()
        return status

    assert rebuilt(image_uuid=images["windows"]) == 400
    assert rebuilt() == 202, "it keeps what it has"
    assert rebuilt(image_uuid=images["ubuntu"]) == 202
    assert rebuilt(image_uuid=images["debian"]) == 400


@pytest.mark.parametrize("status", ["building", "active"])
def test_a_flavor_in_use_is_not_deleted_but_disabled(service: Service, status: str) -> None:
    body = service.prepared()
    flavor, server = body["server"]["flavor_uuid"], service.call("POST", "/v1/servers", body).json["uuid"]
    if status == "active":
        service.work()
    refused = service.call("DELETE", f"/v1/flavors/{flavor}", token=ADMIN)
    assert refused.status == 409 and "disable" in refused.json["errors"][0]["hint"]
    assert patched(service, flavor, {"op": "replace", "path": "/disabled", "value": True}).status == 200
    service.work()
    assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"
    service.call("DELETE", f"/v1/servers/{server}")
    service.work()
    assert service.call("DELETE", f"/v1/flavors/{flavor}", token=ADMIN).status == 204
    assert [row["id"] for row in service.rows(models.Flavor) if row["id"] == flavor] == []


def test_a_pool_is_named_once_however_it_is_spelled(service: Service) -> None:
    pool = service.call("POST", "/v1/pools", {"name": "p", "all": ["t"]}, token=ADMIN).json["uuid"]
    flavor = service.flavor(pools=[pool, pool.upper()])
    shown = service.call("GET", f"/v1/flavors/{flavor}", token=ADMIN).json
    assert shown["pools"] == [pool]
    twice = [{"op": "replace", "path": "/pools", "value": [pool.upper(), pool]}]
    assert service.call("PATCH", f"/v1/flavors/{flavor}", twice, token=ADMIN).json["pools"] == [pool]
    off = [{"op": "replace", "path": "/disabled", "value": True}]
    assert service.call("PATCH", f"/v1/flavors/{flavor}", off, token=ADMIN).status == 200


def test_a_marker_does_not_tell_of_a_private_flavor(service: Service) -> None:
    private = service.flavor(is_public=False)
    assert service.call("GET", f"/v1/flavors?marker={private}").status == 404
    assert service.call("GET", f"/v1/flavors?marker={private}", token=ADMIN).status == 200
