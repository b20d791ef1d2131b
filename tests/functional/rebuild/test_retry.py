# SPDX-License-Identifier: Apache-2.0
"""Retry of what brought a server to error, and reset of a status by an operator."""

import base64
from typing import Any

import pytest

from baremetal_svc.db import models, servers
from baremetal_svc.domain.errors import OutsideRefused
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Reply, Service

USER_DATA = base64.b64encode(b"#cloud-config").decode()
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMhl6k0gTzJ8sV0ZkQ6b4S9c1mYbq7Wm0d9b5vV2o3rL me"


def retry(service: Service, server_id: str, **more: Any) -> Reply:
    return service.call("PUT", f"/v1/servers/{server_id}/states/provision", {"target": "retry", **more})


def shown(service: Service, server_id: str) -> Any:
    return service.call("GET", f"/v1/servers/{server_id}").json


def failed(service: Service, **asked: Any) -> str:
    """A server whose create failed on every node."""
    server_id: str = properties.create(service, **asked)["uuid"]
    service.world.fail_next("deploy", times=3)
    properties.finish(service)
    assert shown(service, server_id)["status"] == "error"
    return server_id


def test_a_create_that_failed_is_begun_again(service: Service) -> None:
    server_id = failed(service)
    reply = retry(service, server_id)
    assert (reply.status, reply.raw) == (202, b"")
    assert shown(service, server_id)["status"] == "building"
    assert retry(service, server_id).json["errors"][0]["code"] == "operation_in_progress"
    service.work()
    assert shown(service, server_id)["status"] == "active"
    assert {row["cleared_at"] is None for row in service.rows(models.Fault) if row["target_id"] == server_id} == {False}
    creates = [row["state"] for row in service.rows(models.Operation) if row["kind"] == "servers.create"]
    assert sorted(creates) == ["done", "failed"]
    again = retry(service, server_id)
    assert (again.status, again.json["errors"][0]["code"]) == (409, "conflict")
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    properties.finish(service)
    assert service.world.snapshot() == frozenset()


def test_a_key_without_a_name_is_not_replaced_by_a_pair_that_is_called_default(service: Service) -> None:
    assert service.call("POST", "/v1/keypairs", {"name": "default"}).status == 201
    server_id = failed(service, public_key=KEY)
    assert shown(service, server_id)["key_name"] is None
    refused = retry(service, server_id)
    assert (refused.status, "public_key" in refused.json["errors"][0]["hint"]) == (409, True)
    assert retry(service, server_id, public_key=KEY).status == 202


def test_secrets_are_given_again(service: Service) -> None:
    """They were deleted when the create ended: a retry without them would be another server."""
    server_id = failed(service, user_data=USER_DATA, adminPass="s3cret", public_key=KEY)
    refused = retry(service, server_id, user_data=USER_DATA)
    assert refused.status == 409
    assert "adminPass, public_key" in refused.json["errors"][0]["hint"]
    assert service.live() == [] and shown(service, server_id)["status"] == "error"
    assert retry(service, server_id, user_data="%", adminPass="s3cret", public_key=KEY).status == 400
    assert retry(service, server_id, user_data=USER_DATA, adminPass="s3cret", public_key=KEY).status == 202
    service.work()
    [node] = [node for node in service.world.nodes.values() if node.instance_id]
    drive = node.instance_info["configdrive"]
    assert drive["user_data"] == "#cloud-config"
    assert drive["meta_data"]["admin_pass"] == "s3cret"
    assert list(drive["meta_data"]["public_keys"].values()) == [KEY]
    assert service.rows(models.Secret) == []


def test_a_key_pair_is_found_again_by_its_name(service: Service) -> None:
    assert service.call("POST", "/v1/keypairs", {"name": "mine", "public_key": KEY}).status == 201
    server_id = failed(service, key_name="mine")
    assert retry(service, server_id).status == 202
    service.work()
    [node] = [node for node in service.world.nodes.values() if node.instance_id]
    assert node.instance_info["configdrive"]["meta_data"]["public_keys"] == {"mine": KEY}


@pytest.mark.parametrize("kind", ["rebuild.deploy", "power.reboot"])
def test_what_failed_on_the_machine_is_begun_again(service: Service, kind: str) -> None:
    server_id = properties.active(service)
    service.world.fail_next(
        "rebuild" if kind == "rebuild.deploy" else "set_power", error=OutsideRefused("Ironic refused: as the test wants.")
    )
    path, body = ("provision", {"target": "rebuild"}) if kind == "rebuild.deploy" else ("power", {"target": "reboot"})
    assert service.call("PUT", f"/v1/servers/{server_id}/states/{path}", body).status == 202
    service.work()
    assert shown(service, server_id)["status"] == "error"
    assert retry(service, server_id).status == 202
    assert [row["kind"] for row in service.live()] == [kind]
    service.work()
    assert shown(service, server_id)["status"] == "active"


def test_a_delete_that_ran_out_of_time_is_begun_again(service: Service) -> None:
    server_id = properties.active(service)
    service.world.instant = False
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    service.work()
    service.pass_time(7300)
    service.work()
    assert shown(service, server_id)["status"] == "error"
    assert retry(service, server_id).status == 202
    service.world.instant = True
    properties.finish(service)
    assert service.rows(models.Server) == []
    assert service.world.snapshot() == frozenset()


def test_who_may_and_when(service: Service) -> None:
    server_id = properties.active(service)
    assert retry(service, server_id).status == 409
    server_id = failed(service)
    path = f"/v1/servers/{server_id}/states/provision"
    for token, status in ((FOREIGN, 404), (READER, 403)):
        assert service.call("PUT", path, {"target": "retry"}, token=token).status == status
    assert service.call("PUT", path, {"target": "retry"}, version="1.3").status == 400
    assert service.call("PUT", path, {"target": "retry", "image_uuid": server_id}).status == 400
    service.call("PUT", path.replace("provision", "lock"), {"target": True})
    assert retry(service, server_id).status == 409
    assert service.live() == []


def test_reset_shows_what_the_machine_shows(service: Service) -> None:
    server_id = properties.active(service)
    path = f"/v1/servers/{server_id}/states/reset"

    def left_at(status: str) -> str:
        service.db.transact(lambda conn: servers.set_columns(conn, server_id, status=status))
        reply = service.call("PUT", path, token=ADMIN)
        assert reply.status == 200 and reply.json["status"] == shown(service, server_id)["status"]
        return str(reply.json["status"])

    assert left_at("error") == "active"
    assert left_at("rebuilding") == "active"
    [node] = [node for node in service.world.nodes.values() if node.instance_id]
    node.power_state = "power off"
    service.sync()
    assert left_at("powering-on") == "stopped"
    node.provision_state = "deploy failed"
    service.sync()
    assert left_at("active") == "error"
    service.call("PUT", path.replace("reset", "provision"), {"target": "rebuild"})
    assert service.call("PUT", path, token=ADMIN).json["errors"][0]["code"] == "operation_in_progress"
    assert service.call("PUT", path).status == 403


def test_a_reset_made_a_server_active_whose_machine_was_not_protected(service: Service) -> None:
    """A request to tear it down that came late would have been carried out."""
    server_id = properties.active(service)
    service.world.fail_next("protect", error=OutsideRefused("Ironic refused: as the test wants."))
    assert service.call("PUT", f"/v1/servers/{server_id}/states/provision", {"target": "rebuild"}).status == 202
    service.work()
    service.sync()
    path = f"/v1/servers/{server_id}/states/reset"
    assert service.call("PUT", path, token=ADMIN).json["status"] == shown(service, server_id)["status"] == "error"
    [node] = [node for node in service.world.nodes.values() if node.instance_id]
    node.protected = True
    service.sync()
    assert service.call("PUT", path, token=ADMIN).json["status"] == "active"


def test_a_rebuild_that_was_made_good_is_not_begun_again(service: Service) -> None:
    """It would write the disk over: what failed long ago did not bring the server where it is now."""
    server_id = properties.active(service)
    path = f"/v1/servers/{server_id}/states/provision"
    service.world.fail_next("deploy")
    for _ in range(2):
        assert service.call("PUT", path, {"target": "rebuild"}).status == 202
        service.work()
    assert shown(service, server_id)["status"] == "active"
    service.db.transact(lambda conn: servers.set_columns(conn, server_id, status="error"))
    assert retry(service, server_id).status == 409
    assert service.live() == []


def test_a_create_that_was_cancelled_is_begun_again(service: Service) -> None:
    server_id = properties.create(service)["uuid"]
    [operation] = service.live()
    assert service.call("DELETE", f"/v1/operations/{operation['id']}").status == 202
    properties.finish(service)
    assert shown(service, server_id)["status"] == "error"
    assert retry(service, server_id).status == 202
    service.work()
    assert shown(service, server_id)["status"] == "active"
