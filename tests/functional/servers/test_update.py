# SPDX-License-Identifier: Apache-2.0
"""PATCH of a server: what can be edited, by whom, and against which state."""

import uuid
from typing import Any

import pytest

from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service

RENAME = [{"op": "replace", "path": "/name", "value": "other"}]


def _patch(service: Service, server_id: str, patch: Any, **more: Any) -> Any:
    return service.call("PATCH", f"/v1/servers/{server_id}", patch, **more)


def test_name_description_and_metadata(service: Service) -> None:
    server = properties.create(service, metadata={"a": "1", "b:c": "2"})
    patch = [
        *RENAME,
        {"op": "add", "path": "/description", "value": "what for"},
        {"op": "add", "path": "/metadata/new key", "value": "3"},
        {"op": "remove", "path": "/metadata/a"},
    ]
    reply = _patch(service, server["uuid"], patch, version=None, content_type="application/json-patch+json")
    assert reply.status == 200
    changed = {"name": "other", "description": "what for", "metadata": {"b:c": "2", "new key": "3"}}
    assert {name: reply.json[name] for name in changed} == changed
    assert service.call("GET", f"/v1/servers/{server['uuid']}", version=None).json == reply.json


def test_what_is_removed_is_empty(service: Service) -> None:
    server = properties.create(service, metadata={"a": "1"}, description="d")
    removed = [{"op": "remove", "path": "/metadata"}, {"op": "remove", "path": "/description"}]
    reply = _patch(service, server["uuid"], removed)
    assert (reply.json["metadata"], reply.json["description"]) == ({}, None)


def test_defect_14_a_tenants_patch_erases_nothing(service: Service) -> None:
    """Mogan wrote null into what the caller may not see."""
    server_id = properties.active(service)
    before = service.call("GET", f"/v1/servers/{server_id}", token=ADMIN).json
    assert before["node"]
    assert _patch(service, server_id, RENAME).status == 200
    after = service.call("GET", f"/v1/servers/{server_id}", token=ADMIN).json
    assert {**after, "updated_at": None} == {**before, "name": "other", "updated_at": None}


@pytest.mark.parametrize(
    "patch",
    [[], {}, "x", [{}], [{"op": "test", "path": "/name", "value": "x"}], [{"op": "move", "from": "/name", "path": "/description"}],
     [{"op": "replace", "path": "/uuid", "value": str(uuid.uuid4())}], [{"op": "add", "path": "/status", "value": "active"}],
     [{"op": "remove", "path": "/name"}], [{"op": "replace", "path": "/name", "value": ""}],
     [{"op": "replace", "path": "/name", "value": 1}],
     [{"op": "replace", "path": "", "value": {}}], [{"op": "replace", "path": "name", "value": "x"}], [{"op": "add", "path": "/name"}],
     [{"op": "remove", "path": "/metadata/none"}], [{"op": "add", "path": "/name/x", "value": "x"}], [{"op": "remove", "path": "/name/0"}],
     [{"op": "add", "path": "/metadata/a/b", "value": "x"}], [{"op": "add", "path": "/metadata/~2", "value": "x"}],
     [{"op": "replace", "path": "/metadata", "value": [1]}], [{"op": "add", "path": "/metadata/k", "value": {"deep": 1}}],
     [{"op": "add", "path": "/metadata/b", "value": "x" * 256}], [{"op": "replace", "path": "/description", "value": "a\x00"}],
     [*RENAME, {"op": "remove", "path": "/metadata/none"}]],
)  # fmt: skip
def test_bad_patches_change_nothing(service: Service, patch: Any) -> None:
    server = properties.create(service)
    assert _patch(service, server["uuid"], patch).status == 400
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json == server


def test_if_match(service: Service) -> None:
    server_id = properties.active(service)
    read = service.call("GET", f"/v1/servers/{server_id}").headers["etag"]
    assert service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "off"}).status == 202
    done = _patch(service, server_id, RENAME, headers={"If-Match": f'"other", {read}'})
    assert done.status == 200, "a change of power is no conflict"
    assert done.headers["etag"] == service.call("GET", f"/v1/servers/{server_id}").headers["etag"] != read
    late = _patch(service, server_id, [{"op": "replace", "path": "/name", "value": "late"}], headers={"If-Match": read})
    assert (late.status, late.json["errors"][0]["code"]) == (412, "precondition_failed")
    assert service.call("GET", f"/v1/servers/{server_id}").json["name"] == "other"
    assert _patch(service, server_id, RENAME, headers={"If-Match": "*"}).status == 200
    assert _patch(service, server_id, RENAME, headers={"If-Match": f"W/{done.headers['etag']}"}).status == 412, "weak tags match nothing"


def test_who_may_not(service: Service) -> None:
    server_id = properties.active(service)
    assert _patch(service, server_id, RENAME, token=FOREIGN).status == 404
    assert _patch(service, server_id, RENAME, token=READER).status == 403
    assert _patch(service, str(uuid.uuid4()), RENAME).status == 404
    assert _patch(service, server_id, RENAME, content_type="text/plain").status == 415
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    assert _patch(service, server_id, RENAME).status == 409, "it is being deleted"
