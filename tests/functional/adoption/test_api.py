# SPDX-License-Identifier: Apache-2.0
"""Adoption over the API."""

import uuid

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import ADMIN, MEMBER, Service
from tests.functional.adoption.test_flow import IMAGE, running


def test_contract(service: Service) -> None:
    node = running(service)
    [found] = service.call("GET", "/v1/manageable_servers", token=ADMIN, version=None).json["manageable_servers"]
    assert set(found) == {
        "uuid", "name", "resource_class", "power_state", "provision_state", "ports", "portgroups", "image_source",
    }  # fmt: skip
    assert (found["uuid"], found["image_source"], found["ports"][0]["neutron_port_id"]) == (node, IMAGE, service.port)  # type: ignore[attr-defined]
    for method in ("GET", "POST"):
        assert service.call(method, "/v1/manageable_servers", {"name": "n", "node_uuid": node} if method == "POST" else None).status == 403


def test_defect_19_an_adopted_server_is_never_deleted(service: Service) -> None:
    body = {"name": "n", "node_uuid": running(service), "project_id": "red"}
    server = service.call("POST", "/v1/manageable_servers", body, token=ADMIN).json["uuid"]
    for _ in range(2):
        for token in (MEMBER, ADMIN):
            reply = service.call("DELETE", f"/v1/servers/{server}", token=token)
            assert (reply.status, "manageable_servers" in reply.json["errors"][0]["hint"]) == (409, token == ADMIN)
        service.work()
    assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"
    assert service.call("DELETE", f"/v1/manageable_servers/{server}").status == 403
    assert service.call("DELETE", f"/v1/manageable_servers/{server}", token=ADMIN, version="1.2").status == 404


def test_a_machine_is_adopted_once_whoever_asks(service: Service) -> None:
    body = {"name": "n", "node_uuid": running(service)}
    first = service.call("POST", "/v1/manageable_servers", body, token=ADMIN, headers={"Idempotency-Key": "k"})
    again = service.call("POST", "/v1/manageable_servers", body, token=ADMIN, headers={"Idempotency-Key": "k"})
    assert (first.status, again.status, again.json["uuid"]) == (201, 201, first.json["uuid"])
    assert again.headers["link"] == first.headers["link"]
    reply = service.call("POST", "/v1/manageable_servers", body, token=ADMIN)
    assert (reply.status, first.json["uuid"] in reply.json["errors"][0]["detail"]) == (409, True)
    assert len(service.rows(models.Server)) == 1


def test_a_port_of_another_project_fails_the_adoption_and_says_so(service: Service) -> None:
    body = {"name": "n", "node_uuid": running(service)}
    server = service.call("POST", "/v1/manageable_servers", body, token=ADMIN).json["uuid"]
    service.work()
    shown = service.call("GET", f"/v1/servers/{server}", token=ADMIN).json
    assert shown["status"] == "error"
    assert "belongs to another project" in shown["fault"]["message"]
    assert service.call("DELETE", f"/v1/servers/{server}", token=ADMIN).status == 204
    service.work()
    assert service.rows(models.Server) == []


@pytest.mark.parametrize("body", [{}, {"name": "n"}, {"name": "n", "node_uuid": "x"}, {"name": "", "node_uuid": str(uuid.uuid4())}])
def test_bad_bodies(service: Service, body: object) -> None:
    assert service.call("POST", "/v1/manageable_servers", body, token=ADMIN).status == 400


def test_what_cannot_be_adopted(service: Service) -> None:
    [free] = service.world.add_nodes(1)
    service.sync()
    for node, status in ((free, 409), (str(uuid.uuid4()), 404)):
        assert service.call("POST", "/v1/manageable_servers", {"name": "n", "node_uuid": node}, token=ADMIN).status == status
    assert service.rows(models.Server) == service.rows(models.Claim) == []
    service.world.away("ironic")
    assert service.call("GET", "/v1/manageable_servers", token=ADMIN).status == 503


def test_a_machine_that_is_off_is_a_server_that_is_stopped(service: Service) -> None:
    node = running(service)
    service.world.nodes[node].power_state = "power off"
    service.sync()
    server = service.call("POST", "/v1/manageable_servers", {"name": "n", "node_uuid": node, "project_id": "red"}, token=ADMIN).json["uuid"]
    service.work()
    shown = service.call("GET", f"/v1/servers/{server}").json
    assert (shown["status"], shown["power_state"]) == ("stopped", "power off")


def test_an_adopted_server_is_rebuilt_with_an_image_that_is_named(service: Service) -> None:
    node = running(service)
    service.world.nodes[node].instance_info["image_source"] = "file:///somewhere.img"
    server = service.call("POST", "/v1/manageable_servers", {"name": "n", "node_uuid": node, "project_id": "red"}, token=ADMIN).json["uuid"]
    service.work()
    reply = service.call("PUT", f"/v1/servers/{server}/states/provision", {"target": "rebuild"})
    assert (reply.status, "image_uuid" in reply.json["errors"][0]["hint"]) == (400, True)
