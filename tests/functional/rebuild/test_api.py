# SPDX-License-Identifier: Apache-2.0
"""Rebuild over the API."""

import uuid
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import FOREIGN, READER, Service


@pytest.fixture
def path(service: Service) -> str:
    return f"/v1/servers/{properties.active(service)}/states/provision"


def test_what_moganclient_sends(service: Service, path: str) -> None:
    reply = service.call("PUT", path, {"target": "rebuild", "preserve_ephemeral": None}, version=None)
    assert (reply.status, reply.raw) == (202, b"")
    service.work()
    assert service.call("GET", path.removesuffix("/states/provision")).json["status"] == "active"


@pytest.mark.parametrize(
    "body", [{}, {"target": "reinstall"}, {"target": "rebuild", "image_uuid": "x"}, {"target": "rebuild", "preserve_ephemeral": "yes"}, []]
)
def test_bad_bodies(service: Service, path: str, body: Any) -> None:
    assert service.call("PUT", path, body).status == 400
    assert service.live() == []


def test_defect_32_what_is_refused_changes_nothing(service: Service, path: str) -> None:
    before = service.rows(models.Server)
    small = service.world.add_image(partition=True, min_disk=100)
    queued = service.world.add_image(status="queued")
    for image, status in ((str(uuid.uuid4()), 404), (small, 400), (queued, 409)):
        assert service.call("PUT", path, {"target": "rebuild", "image_uuid": image}).status == status
    for token, status in ((FOREIGN, 404), (READER, 403)):
        assert service.call("PUT", path, {"target": "rebuild"}, token=token).status == status
    service.call("PUT", path.replace("provision", "lock"), {"target": True})
    assert service.call("PUT", path, {"target": "rebuild"}).status == 409
    service.call("PUT", path.replace("provision", "lock"), {"target": False})
    assert service.call("PUT", path.replace("provision", "power"), {"target": "off"}).status == 202
    assert service.call("PUT", path, {"target": "rebuild"}).json["errors"][0]["code"] == "operation_in_progress"
    assert [(row["image_id"], row["name"]) for row in before] == [(row["image_id"], row["name"]) for row in service.rows(models.Server)]


def test_a_machine_that_is_off_after_its_rebuild_is_a_server_that_is_stopped(service: Service, path: str) -> None:
    """As some hardware types of Ironic leave it: fake ones do."""
    assert service.call("PUT", path, {"target": "rebuild"}).status == 202
    service.world.instant = False
    service.step()
    [node] = [node for node in service.world.nodes.values() if node.instance_id == service.server_id]  # type: ignore[attr-defined]
    while node.provision_state != "active":
        service.world.tick()
    node.power_state = "power off"
    service.work()
    shown = service.call("GET", path.removesuffix("/states/provision")).json
    assert (shown["status"], shown["power_state"]) == ("stopped", "power off")


def test_maintenance_that_begins_after_the_request_stops_the_rebuild_before_anything_is_done(service: Service, path: str) -> None:
    [node] = [node for node in service.world.nodes.values() if node.instance_id == service.server_id]  # type: ignore[attr-defined]
    assert service.call("PUT", path, {"target": "rebuild"}).status == 202
    node.maintenance = True
    service.work()
    shown = service.call("GET", path.removesuffix("/states/provision")).json
    assert (shown["status"], shown["fault"]["message"]) == ("error", "The machine is in maintenance.")
    assert node.protected
    assert service.call("PUT", path, {"target": "retry"}).status == 409
    node.maintenance = False
    service.sync()
    assert service.call("PUT", path, {"target": "retry"}).status == 202
    service.work()
    assert service.call("GET", path.removesuffix("/states/provision")).json["status"] == "active"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, "'target' is a required property"),
        ({"target": "nope"}, "'nope' is not one of ['rebuild', 'retry']"),
        ({"target": "retry", "image_uuid": str(uuid.uuid4())}, "'image_uuid' was unexpected"),
        ({"target": "rebuild", "user_data": "eA=="}, "'user_data' was unexpected"),
    ],
)
def test_what_is_wrong_is_what_is_said(service: Service, path: str, body: Any, told: str) -> None:
    reply = service.call("PUT", path, body)
    assert (reply.status, told in reply.json["errors"][0]["detail"]) == (400, True), reply.json
