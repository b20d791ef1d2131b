# SPDX-License-Identifier: Apache-2.0
"""Tags of servers, and finding servers by them."""

import uuid

import pytest

from tests.fixtures import properties
from tests.fixtures.service import FOREIGN, READER, Service


def test_tags_come_and_go(service: Service) -> None:
    server = properties.create(service, tags=["blue", "a b"])
    tags = f"/v1/servers/{server['uuid']}/tags"
    assert server["tags"] == ["a b", "blue"]
    assert service.call("PUT", f"{tags}/green").status == 204
    assert service.call("GET", f"{tags}/green").status == 204
    assert service.call("DELETE", f"{tags}/blue").status == 204
    assert service.call("DELETE", f"{tags}/blue").status == 404
    assert service.call("GET", tags).json == {"tags": ["a b", "green"]}
    assert service.call("PUT", tags, {"tags": ["x"]}).json == {"tags": ["x"]}
    assert service.call("DELETE", tags).status == 204
    assert service.call("GET", tags, token=READER).json == {"tags": []}
    assert service.call("PUT", f"{tags}/x", token=READER).status == 403
    assert service.call("GET", tags, token=FOREIGN).status == 404
    assert service.call("GET", tags, version="1.2").status == 404


def test_servers_are_found_by_tags(service: Service) -> None:
    body = service.prepared()
    made = {}
    for name, tags in (("one", ["a", "b"]), ("two", ["b"]), ("three", [])):
        made[name] = service.call("POST", "/v1/servers", {"server": {**body["server"], "name": name, "tags": tags}}).json["uuid"]

    def found(query: str) -> set[str]:
        return {server["name"] for server in service.call("GET", f"/v1/servers?tags={query}").json["servers"]}

    assert (found("b"), found("a,b"), found("c")) == ({"one", "two"}, {"one"}, set())
    assert (found("b,b,a"), found(",".join(["b"] * 500)), found("b,c")) == ({"one"}, {"one", "two"}, set())
    assert found("b%20") == found("b,") == found(",".join(f"t{number}" for number in range(300))) == set()
    assert service.call("GET", "/v1/servers?tags=b", version="1.2").status == 400


@pytest.mark.parametrize("tag", ["", "a,b", "a/b", "x" * 61, " a", 1, None])
def test_bad_tags(service: Service, tag: object) -> None:
    body = service.prepared()
    body["server"]["tags"] = [tag]
    assert service.call("POST", "/v1/servers", body).status == 400


def test_a_server_has_at_most_fifty(service: Service) -> None:
    server = properties.create(service, tags=[f"t{number}" for number in range(50)])
    assert service.call("PUT", f"/v1/servers/{server['uuid']}/tags/t0").status == 204
    assert service.call("PUT", f"/v1/servers/{server['uuid']}/tags/more").status == 400
    assert service.call("PUT", f"/v1/servers/{uuid.uuid4()}/tags/more").status == 404


@pytest.mark.parametrize("tag", ["x,y", "y" * 61, " a", "a "])
def test_a_path_with_what_is_no_tag_says_so(service: Service, tag: str) -> None:
    path = f"/v1/servers/{properties.create(service)['uuid']}/tags/{tag}"
    for method in ("GET", "PUT", "DELETE"):
        reply = service.call(method, path)
        assert (reply.status, reply.json["errors"][0]["detail"].startswith("tag: ")) == (400, True)
