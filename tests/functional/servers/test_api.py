# SPDX-License-Identifier: Apache-2.0
"""The REST contract of servers, and what bad input gets: 4xx with code, detail and hint, nothing changed."""

import copy
import uuid
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service

TENANT_KEYS = {
    "uuid", "name", "description", "project_id", "user_id", "status", "power_state", "availability_zone", "flavor_uuid", "image_uuid",
    "addresses", "launched_at", "metadata", "key_name", "partitions", "locked", "created_at", "updated_at", "links", "tags",
    "reservation_uuid",
}  # fmt: skip


def _state(service: Service) -> Any:
    return [service.rows(model) for model in (models.Server, models.Operation, models.Nic, models.Secret, models.IdempotencyKey)]


def test_the_view_has_the_keys_of_the_contract(service: Service) -> None:
    image = service.world.add_image(partition=True)
    server = properties.create(service, metadata={"a": "b"}, partitions={"root_gb": "10"}, image_uuid=image)
    assert set(server) == TENANT_KEYS
    assert (server["metadata"], server["partitions"]) == ({"a": "b"}, {"root_gb": 10})
    assert set(service.call("GET", f"/v1/servers/{server['uuid']}", version="1.1").json) == TENANT_KEYS - {"tags", "reservation_uuid"}
    shown = service.call("GET", f"/v1/servers/{server['uuid']}", token=ADMIN).json
    assert set(shown) == TENANT_KEYS | {"node", "affinity_zone"}
    detail = service.call("GET", "/v1/servers/detail").json["servers"]
    assert detail == [server], "the list is made from the same table as the single view"
    summary = service.call("GET", "/v1/servers").json["servers"][0]
    assert set(summary) == {"uuid", "name", "description", "status", "power_state", "links"}


def test_create_answers_location_operation_and_version(service: Service) -> None:
    reply = service.call("POST", "/servers", service.prepared(), version=None)
    assert reply.status == 201
    assert reply.headers["location"] == f"http://localhost/v1/servers/{reply.json['uuid']}"
    operation_id = reply.headers["link"].split("/")[-1].split(">")[0]
    assert service.woken == [operation_id]
    assert reply.headers["openstack-api-version"] == "baremetal_compute 1.1"
    assert reply.headers["openstack-request-id"] == reply.headers["x-openstack-request-id"]


def _change(path: str, value: Any) -> Any:
    def change(body: dict[str, Any]) -> None:
        *parents, last = path.split("/")
        for parent in parents:
            body = body[parent]
        if value is KeyError:
            del body[last]
        else:
            body[last] = value

    return change


BAD = [
    ("server/name", ""),
    ("server/name", 7),
    ("server/name", "x" * 256),
    ("server/name", "a\x00b"),
    ("server/name", "   "),
    ("server/name", KeyError),
    ("server/flavor_uuid", "nope"),
    ("server/flavor_uuid", KeyError),
    ("server/image_uuid", None),
    ("server/networks", []),
    ("server/networks", [{"net_id": str(uuid.uuid4()), "port_id": str(uuid.uuid4())}]),
    ("server/networks", [{}]),
    ("server/networks", "x"),
    ("server/user_data", "%%%"),
    ("server/user_data", "_w=="),
    ("server/user_data", "x" * 65536),
    ("server/min_count", 0),
    ("server/min_count", 2.5),
    ("server/min_count", True),
    ("server/max_count", 1001),
    ("server/metadata", {"k": 1}),
    ("server/metadata", {"$": "v"}),
    ("server/metadata", {"k": "v\x00"}),
    ("server/partitions", {"root_gb": 0}),
    ("server/partitions", {}),
    ("server/user_data", "é"),
    ("server/name", "a\n"),
    ("server/metadata", {"a\n": "v"}),
    ("server/nosuch", 1),
    ("more", 1),
    ("server", []),
    ("server/public_key", "not a key"),
    ("server/public_key", "ssh-rsa AAAA\nssh-rsa BBBB"),
]


def test_a_whole_number_may_have_a_fraction(service: Service) -> None:
    """2.0 is an integer to JSON Schema, and was a 500."""
    body = service.prepared(nodes=0)
    reply = service.call("POST", "/v1/servers", {"server": {**body["server"], "min_count": 2.0}})
    assert (reply.status, len(service.rows(models.Server))) == (201, 2)


@pytest.mark.parametrize(("path", "value"), BAD)
def test_bad_bodies_get_400_and_change_nothing(service: Service, path: str, value: Any) -> None:
    body = service.prepared(nodes=0)
    before = _state(service)
    _change(path, value)(body)
    reply = service.call("POST", "/v1/servers", body)
    assert reply.status == 400, reply.raw
    error = reply.json["errors"][0]
    assert error["code"] == "invalid"
    assert error["detail"]
    assert error["hint"]
    assert error["request_id"] == reply.headers["x-openstack-request-id"]
    assert reply.json["message"] == error["detail"]
    assert "Traceback" not in reply.raw.decode()
    assert _state(service) == before


@pytest.mark.parametrize("raw", [b"", b"{", b"\xff", b'{"a": NaN}', b'"\\ud800"', b"[" * 100000, b"[1]", b"null", b'{"server": 1e999}'])
def test_malformed_json_gets_400(service: Service, raw: bytes) -> None:
    before = _state(service)
    reply = service.call("POST", "/v1/servers", raw=raw)
    assert reply.status == 400, reply.raw
    assert reply.json["errors"][0]["code"] in ("malformed", "invalid")
    assert _state(service) == before


def test_what_the_body_names_must_be_there(service: Service) -> None:
    body = service.prepared(nodes=0)
    for path, what in (("flavor_uuid", "flavor"), ("image_uuid", "image"), ("networks", "network")):
        wrong = copy.deepcopy(body)
        unknown = str(uuid.uuid4())
        wrong["server"][path] = [{"net_id": unknown}] if path == "networks" else unknown
        reply = service.call("POST", "/v1/servers", wrong)
        assert reply.status == 404
        assert what in reply.json["message"]
    foreign = service.world.add_network(project_id="blue", shared=False)
    body["server"]["networks"] = [{"net_id": foreign}]
    assert service.call("POST", "/v1/servers", body).status == 404
    assert service.rows(models.Server) == []


def test_disabled_and_private_flavors(service: Service) -> None:
    body = service.prepared(nodes=0)
    body["server"]["flavor_uuid"] = service.flavor(disabled=True)
    assert service.call("POST", "/v1/servers", body).status == 409
    body["server"]["flavor_uuid"] = service.flavor(is_public=False)
    assert service.call("POST", "/v1/servers", body).status == 404


def test_foreign_and_unknown_servers_are_404(service: Service) -> None:
    server = properties.create(service)
    for method, path, body in (
        ("GET", f"/v1/servers/{server['uuid']}", None),
        ("DELETE", f"/v1/servers/{server['uuid']}", None),
        ("PUT", f"/v1/servers/{server['uuid']}/states/power", {"target": "off"}),
    ):
        foreign = service.call(method, path, body, token=FOREIGN)
        unknown = service.call(method, path.replace(server["uuid"], str(uuid.uuid4())), body)
        assert (foreign.status, unknown.status) == (404, 404)
        assert foreign.json["message"].replace(server["uuid"], "") == unknown.json["message"].replace(
            unknown.json["message"].split()[-1][:-1], ""
        )
    assert service.call("GET", "/v1/servers/nonsense").status == 404
    assert service.call("GET", "/v1/servers", token=FOREIGN).json == {"servers": []}
    assert service.call("GET", "/v1/servers?all_tenants=true", token=FOREIGN).json == {"servers": []}
    assert len(service.call("GET", "/v1/servers?all_tenants=true", token=ADMIN).json["servers"]) == 1


def test_readers_only_read(service: Service) -> None:
    body = service.prepared(nodes=0)
    assert service.call("POST", "/v1/servers", body, token=READER).status == 403
    server = service.call("POST", "/v1/servers", body).json
    assert service.call("DELETE", f"/v1/servers/{server['uuid']}", token=READER).status == 403
    assert service.call("GET", f"/v1/servers/{server['uuid']}", token=READER).status == 200


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=x",
        "limit=-1",
        "limit=1&limit=2",
        "marker=x",
        "sort_key=project_id",
        "sort_dir=up",
        "nosuch=1",
        "name=%FF",
        "name=%00",
        "fields=links,no",
    ],
)
def test_bad_queries_get_400(service: Service, query: str) -> None:
    assert service.call("GET", f"/v1/servers?{query}").status == 400


def test_pages_filters_and_sorting(service: Service) -> None:
    body = service.prepared(nodes=0)
    body["server"] |= {"max_count": 5}
    service.call("POST", "/v1/servers", body)
    seen, path = [], "/v1/servers?limit=2&sort_key=name&sort_dir=desc"
    while path:
        page = service.call("GET", path).json
        seen += [server["name"] for server in page["servers"]]
        path = page.get("servers_links", [{"href": ""}])[0]["href"].removeprefix("http://localhost")
    assert seen == ["s-5", "s-4", "s-3", "s-2", "s-1"]
    assert [s["name"] for s in service.call("GET", "/v1/servers?name=-3").json["servers"]] == ["s-3"]
    assert service.call("GET", "/v1/servers?name=%25").json == {"servers": []}
    assert len(service.call("GET", "/v1/servers?status=building").json["servers"]) == 5
    assert service.call("GET", f"/v1/servers?marker={uuid.uuid4()}").status == 404
    assert set(service.call("GET", "/v1/servers?fields=name,status").json["servers"][0]) == {"name", "status"}


def test_an_idempotency_key_makes_one_server(service: Service) -> None:
    body, key = service.prepared(), {"Idempotency-Key": "k1"}
    first = service.call("POST", "/v1/servers", body, headers=key)
    again = service.call("POST", "/v1/servers", body, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert first.json["uuid"] == again.json["uuid"]
    assert len(service.rows(models.Server)) == 1
    body["server"]["name"] = "other"
    reply = service.call("POST", "/v1/servers", body, headers=key)
    assert (reply.status, reply.json["errors"][0]["code"]) == (409, "idempotency_key_reused")
    other = service.call("POST", "/v1/servers", {**body}, headers=key, token=FOREIGN)
    assert other.status == 201, "keys are a project's own"
    assert service.call("POST", "/v1/servers", body, headers={"Idempotency-Key": "a b"}).status == 400


def test_conflicts_name_the_operation_that_runs(service: Service) -> None:
    server = properties.create(service)
    reply = service.call("PUT", f"/v1/servers/{server['uuid']}/states/power", {"target": "off"})
    assert reply.status == 409
    operation = service.rows(models.Operation)[0]
    assert operation["id"] in reply.json["message"]
    assert reply.json["errors"][0]["code"] == "operation_in_progress"


@pytest.mark.parametrize(
    ("header", "status"),
    [("baremetal_compute 1.1", 200), ("baremetal_compute latest", 200), ("compute 9.9", 200), ("baremetal_compute 1.99", 406),
     ("baremetal_compute 2.1", 406), ("baremetal_compute x", 406), ("baremetal_compute", 406), ("compute 2.1, baremetal_compute 1.2", 200)],
)  # fmt: skip
def test_microversions(service: Service, header: str, status: int) -> None:
    reply = service.call("GET", "/v1/servers", version=None, headers={"OpenStack-API-Version": header})
    assert reply.status == status
    if status == 406:
        assert reply.json["errors"][0]["code"] == "unsupported_version"


def test_additions_need_their_version(service: Service) -> None:
    reply = service.call("GET", "/v1/operations", version="1.1")
    assert reply.status == 404
    assert "1.2" in reply.json["message"]


def test_paths_methods_and_sizes(service: Service) -> None:
    assert service.call("GET", "/v1/nosuch").status == 404
    assert service.call("PATCH", "/v1/servers").status == 405
    assert service.call("GET", "/v1/\xff").status in (400, 404)
    assert service.call("POST", "/v1/servers", raw=b"x" * 300000).status == 413
    assert service.call("PATCH", "/v1/servers").headers["allow"] == "GET, POST"
    head = service.call("HEAD", "/v1/servers")
    assert (head.status, head.headers["content-type"].split(";")[0]) == (200, "application/json")
    assert service.call("GET", "/v1/servers", token="x").status == 401
    assert service.call("HEAD", "/v1/servers").raw == b""


def test_neutron_away_is_503_with_retry_after_and_ironic_away_is_accepted(service: Service) -> None:
    body = service.prepared()
    service.world.away("neutron")
    reply = service.call("POST", "/v1/servers", body)
    assert (reply.status, reply.headers["retry-after"]) == (503, "5")
    service.world.back("neutron")
    service.world.away("ironic")
    assert service.call("GET", "/healthcheck").json["status"] == "degraded"
    assert service.call("POST", "/v1/servers", body).status == 201


def test_version_documents_and_health_need_no_token(service: Service) -> None:
    assert service.call("GET", "/").json["versions"][0]["version"] == "1.6"
    assert service.call("GET", "/v1").json["id"] == "v1"
    assert service.call("GET", "/healthcheck").json["status"] == "ok"


@pytest.mark.parametrize("depth", [40, 900, 1000, 1024])
def test_deep_nesting_is_refused(service: Service, depth: int) -> None:
    assert service.call("POST", "/v1/servers", raw=b"[" * depth + b"]" * depth).status == 400
    assert service.call("POST", "/v1/servers", raw=b'{"server":' * depth + b"1" + b"}" * depth).status == 400


def test_bodies_come_as_json_with_their_length(service: Service) -> None:
    body = service.prepared(nodes=0)
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"):
        assert service.call("POST", "/v1/servers", body, content_type=kind).status == 415
    assert service.call("POST", "/v1/servers", body, headers={"Transfer-Encoding": "chunked"}).status == 400
    assert service.call("POST", "/v1/servers", raw=b"{}", length="100").status == 400
    assert service.call("POST", "/v1/servers", raw=b"{}", length="1" * 30).status == 400
    assert service.rows(models.Server) == []


@pytest.mark.parametrize("header", ["Host", "Origin"])
def test_without_keystone_only_this_machine_may_ask(service: Service, header: str) -> None:
    assert service.call("GET", "/v1/servers", headers={header: "evil.example"}).status == 403
    assert service.call("GET", "/v1/servers", headers={header: "127.0.0.1:18080"}).status == 200


def test_ids_in_queries_may_be_in_upper_case(service: Service) -> None:
    server = properties.create(service)
    for query in (f"flavor_uuid={server['flavor_uuid'].upper()}", f"image_uuid={server['image_uuid'].upper()}"):
        assert len(service.call("GET", f"/v1/servers?{query}").json["servers"]) == 1


def test_a_replay_on_another_form_of_the_path_names_the_operation_too(service: Service) -> None:
    body, key = service.prepared(), {"Idempotency-Key": "k1"}
    first = service.call("POST", "/v1/servers", body, headers=key)
    again = service.call("POST", "/servers/", body, headers=key)
    assert (again.status, again.headers["link"]) == (201, first.headers["link"])


@pytest.mark.parametrize("collection", ["servers", "operations", "nodes", "flavors", "pools"])
def test_an_unknown_marker_is_404(service: Service, collection: str) -> None:
    assert service.call("GET", f"/v1/{collection}?marker={uuid.uuid4()}", token=ADMIN).status == 404


def test_roles_are_compared_without_case(service: Service) -> None:
    server = properties.create(service)
    assert service.call("GET", f"/v1/servers/{server['uuid']}", token="root:blue:Admin").status == 200
