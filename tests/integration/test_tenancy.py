# SPDX-License-Identifier: Apache-2.0
"""Who may do what, with real tokens: Keystone's personas against the service, Glance and Neutron as devstack/local/up starts them."""

import json
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from devstack.local import glance, layout, services
from devstack.local.rest import Rest, RestError
from tests.fixtures.cluster import wait_for

PERSONAS = {"reader": "demo", "demo": "demo", "manager": "demo", "other": "other", "admin": "admin", "baremetal_svc": "service"}


@pytest.fixture(scope="module")
def clients() -> dict[str, Rest]:
    """A client of the service for each persona."""
    services.up("bms")
    return {user: services.client("bms", user, project) for user, project in PERSONAS.items()}


@pytest.fixture(scope="module")
def wanted(clients: dict[str, Rest]) -> dict[str, Any]:
    """The body of a server that everybody may ask for."""
    image = services.client("glance").get("/v2/images?name=tiny")["images"][0]["id"]
    network = services.client("neutron").get("/networks?name=tenant")["networks"][0]["id"]
    flavor = clients["admin"].post("/flavors", {"name": f"t-{uuid.uuid4()}", "description": "d", "resources": {"nothing": 1}})
    return {"name": "t", "flavor_uuid": flavor["uuid"], "image_uuid": image, "networks": [{"net_id": network}]}


@pytest.fixture(scope="module")
def server(clients: dict[str, Rest], wanted: dict[str, Any]) -> Iterator[str]:
    """A server of project demo; there is no machine for it, which does not matter here."""
    made = clients["demo"].post("/servers", {"server": wanted})["uuid"]
    wait_for("its end", lambda: clients["demo"].get(f"/servers/{made}")["status"] == "error", 30)
    yield made
    clients["demo"].delete(f"/servers/{made}")


def status(client: Rest, method: str, path: str, body: Any = None) -> int:
    """The status of the answer where it is an error, else 200."""
    try:
        client.call(method, path, body)
    except RestError as error:
        return error.status
    return 200


ROWS = [
    # method, path, body, {persona: status}
    ("GET", "/servers", None, {"reader": 200, "demo": 200, "manager": 200, "other": 200, "admin": 200}),
    ("GET", "/servers/{server}", None, {"reader": 200, "demo": 200, "manager": 200, "other": 404, "admin": 200}),
    ("GET", "/servers/{server}/events", None, {"reader": 200, "demo": 200, "other": 404}),
    ("PUT", "/servers/{server}/states/lock", {"target": True}, {"reader": 403, "other": 404, "manager": 200}),
    ("PUT", "/servers/{server}/states/lock", {"target": False}, {"reader": 403, "other": 404, "demo": 200}),
    ("POST", "/server_groups", {"name": "g", "policies": ["affinity"]}, {"reader": 403, "demo": 200, "manager": 200, "other": 200}),
    ("GET", "/nodes", None, {"reader": 403, "demo": 403, "manager": 403, "other": 403, "admin": 200}),
    ("GET", "/aggregates", None, {"demo": 403, "manager": 403, "admin": 200}),
    ("GET", "/faults", None, {"demo": 403, "admin": 200}),
    ("GET", "/availability_zones", None, {"reader": 200, "other": 200}),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]} {row[1]}")
def test_personas(clients: dict[str, Rest], server: str, row: Any) -> None:
    method, path, body, expected = row
    assert {who: status(clients[who], method, path.format(server=server), body) for who in expected} == expected


def test_readers_create_nothing(clients: dict[str, Rest], wanted: dict[str, Any]) -> None:
    assert status(clients["reader"], "POST", "/servers", {"server": wanted}) == 403


def test_what_is_another_project_s_is_not_found(clients: dict[str, Rest], wanted: dict[str, Any]) -> None:
    image = glance.upload(services.client("glance", "other", "other"), "secret", visibility="private")
    neutron = services.client("neutron", "other", "other")
    network = neutron.post("/networks", {"network": {"name": "secret"}})["network"]["id"]
    port = neutron.post("/ports", {"port": {"network_id": network}})["port"]["id"]
    for change in ({"image_uuid": image}, {"networks": [{"net_id": network}]}, {"networks": [{"port_id": port}]}):
        assert status(clients["demo"], "POST", "/servers", {"server": {**wanted, **change}}) == 404
    neutron.delete(f"/ports/{port}")
    neutron.delete(f"/networks/{network}")
    services.client("glance").delete(f"/v2/images/{image}")


@pytest.mark.parametrize("token", [None, "nonsense", "alice:red:admin"])
def test_without_a_token_of_keystone_there_is_nothing(clients: dict[str, Rest], token: str | None) -> None:
    nobody = Rest(services.url("bms"), **({"X-Auth-Token": token} if token else {}))
    assert status(nobody, "GET", "/servers") == 401
    root = f"http://{layout.HOST}:{layout.PORTS['bms']}"
    for path in ("/", "/v1", "/healthcheck"):
        with urllib.request.urlopen(root + path) as answer:
            assert answer.status == 200


def test_a_token_without_a_project_is_told_so(clients: dict[str, Rest]) -> None:
    identity = {"methods": ["password"], "password": {"user": {"name": "demo", "domain": {"id": "default"}, "password": layout.PASSWORD}}}
    request = urllib.request.Request(
        services.url("keystone") + "/auth/tokens",
        json.dumps({"auth": {"scope": "unscoped", "identity": identity}}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        unscoped = answer.headers["X-Subject-Token"]
    assert status(Rest(services.url("bms"), **{"X-Auth-Token": unscoped}), "GET", "/servers") == 401
