# SPDX-License-Identifier: Apache-2.0
"""Flavors edited, deleted and given to projects."""

import uuid
from typing import Any

import pytest

from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, Service

GOOD = {"name": "f", "description": "d", "resources": {"big": 1}}


def _make(service: Service, **more: Any) -> str:
    return str(service.call("POST", "/v1/flavors", {**GOOD, **more}, token=ADMIN).json["uuid"])


def _set(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "value": value}]


def _patch(service: Service, flavor_id: str, patch: Any, **more: Any) -> Any:
    return service.call("PATCH", f"/v1/flavors/{flavor_id}", patch, **{"token": ADMIN, **more})


def test_edit(service: Service) -> None:
    flavor_id = _make(service)
    patch = [*_set("/name", "g"), *_set("/is_public", "False"), *_set("/disabled", True)]
    reply = _patch(service, flavor_id, patch, version=None)
    assert reply.status == 200
    assert [reply.json[name] for name in ("name", "is_public", "disabled", "resources")] == ["g", False, True, {"big": 1}]
    pool = service.call("POST", "/v1/pools", {"name": "p", "all": ["fast"]}, token=ADMIN).json["uuid"]
    reply = _patch(service, flavor_id, [*_set("/pools", [pool.upper()]), *_set("/description", "new")])
    assert (reply.json["pools"], reply.json["description"]) == ([pool], "new")


@pytest.mark.parametrize(
    "patch",
    [_set("/resources", {"small": 1}), _set("/uuid", str(uuid.uuid4())), _set("/name", ""), _set("/disabled", "maybe"),
     _set("/pools", [str(uuid.uuid4())]), [{"op": "remove", "path": "/is_public"}], [{"op": "add", "path": "/extra", "value": 1}], []],
)  # fmt: skip
def test_bad_edits_change_nothing(service: Service, patch: Any) -> None:
    flavor_id = _make(service)
    before = service.call("GET", f"/v1/flavors/{flavor_id}", token=ADMIN).json
    assert _patch(service, flavor_id, patch).status == 400
    assert service.call("GET", f"/v1/flavors/{flavor_id}", token=ADMIN).json == before


def test_pools_and_description_are_edited_from_1_2_on(service: Service) -> None:
    flavor_id = _make(service)
    assert _patch(service, flavor_id, _set("/description", "x"), version="1.1").status == 400


def test_edits_that_meet(service: Service) -> None:
    flavor_id = _make(service)
    _make(service, name="taken")
    assert _patch(service, flavor_id, _set("/name", "taken")).status == 409
    read = service.call("GET", f"/v1/flavors/{flavor_id}", token=ADMIN).headers["etag"]
    done = _patch(service, flavor_id, _set("/disabled", True), headers={"If-Match": read})
    assert done.status == 200
    assert _patch(service, flavor_id, _set("/disabled", False), headers={"If-Match": read}).status == 412
    assert _patch(service, flavor_id, _set("/disabled", False), headers={"If-Match": done.headers["etag"]}).status == 200


def test_delete(service: Service) -> None:
    flavor_id = _make(service, is_public=False)
    assert service.call("POST", f"/v1/flavors/{flavor_id}/access", {"tenant_id": "abc"}, token=ADMIN).status == 204
    assert service.call("DELETE", f"/v1/flavors/{flavor_id}", token=ADMIN).status == 204
    assert service.call("DELETE", f"/v1/flavors/{flavor_id}", token=ADMIN).status == 404


def test_a_flavor_in_use_is_not_deleted(service: Service) -> None:
    server = properties.create(service)
    reply = service.call("DELETE", f"/v1/flavors/{server['flavor_uuid']}", token=ADMIN)
    assert (reply.status, reply.json["errors"][0]["hint"]) == (409, "Delete its servers first, or disable the flavor.")
    assert service.call("GET", f"/v1/flavors/{server['flavor_uuid']}").status == 200


def test_a_private_flavor_is_for_projects_that_were_given_access(service: Service) -> None:
    body = service.prepared()
    flavor_id, project = body["server"]["flavor_uuid"], service.token.split(":")[1]
    assert _patch(service, flavor_id, _set("/is_public", False)).status == 200
    path = f"/v1/flavors/{flavor_id}"
    for given, there in ((False, 404), (True, 200)):
        if given:
            for _ in range(2):
                assert service.call("POST", f"{path}/access", {"tenant_id": project}, token=ADMIN).status == 204
        assert service.call("GET", path).status == service.call("GET", f"{path}/access").status == there
        assert service.call("POST", "/v1/servers", body).status == (201 if given else 404)
        assert len(service.call("GET", "/v1/flavors").json["flavors"]) == given
    assert service.call("GET", path, token=FOREIGN).status == 404
    assert service.call("POST", f"{path}/access", {"tenant_id": "another"}, token=ADMIN).status == 204
    assert service.call("GET", f"{path}/access", token=ADMIN).json == {"flavor_access": sorted(["another", project])}
    assert service.call("GET", f"{path}/access").json == {"flavor_access": [project]}, "other projects are nobody's business"
    assert service.call("DELETE", f"{path}/access/{project}", token=ADMIN).status == 204
    assert service.call("DELETE", f"{path}/access/{project}", token=ADMIN).status == 404
    assert service.call("GET", path).status == 404


def test_access_to_a_public_flavor(service: Service) -> None:
    path = f"/v1/flavors/{_make(service)}/access"
    assert service.call("GET", path).status == 404
    assert service.call("POST", path, {"tenant_id": "abc"}, token=ADMIN).status == 409


@pytest.mark.parametrize(
    "body", [{}, {"tenant_id": ""}, {"tenant_id": 1}, {"tenant_id": "a b"}, {"tenant_id": "x" * 65}, {"project": "abc"}]
)
def test_bad_projects(service: Service, body: Any) -> None:
    assert service.call("POST", f"/v1/flavors/{_make(service, is_public=False)}/access", body, token=ADMIN).status == 400


def test_tenants_edit_nothing(service: Service) -> None:
    path = f"/v1/flavors/{_make(service)}"
    assert service.call("PATCH", path, _set("/name", "x")).status == 403
    assert service.call("DELETE", path).status == 403
    assert service.call("POST", f"{path}/access", {"tenant_id": "abc"}).status == 403
    assert service.call("DELETE", f"{path}/access/abc").status == 403
