# SPDX-License-Identifier: Apache-2.0
"""Cancelling: before each step of a create, and what cannot be cancelled."""

from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service


def _operation(service: Service, kind: str = "servers.create") -> str:
    return next(str(row["id"]) for row in service.rows(models.Operation) if row["kind"] == kind)


@pytest.mark.parametrize("rounds", range(0, 6))
def test_a_create_that_is_cancelled_is_undone(service: Service, rounds: int) -> None:
    service.world.instant = False
    server = properties.create(service)
    operation = f"/v1/operations/{_operation(service)}"
    for _ in range(rounds):
        service.step()
        service.world.tick()
        service.sync()
    ended = service.call("GET", operation).json["state"] == "done"
    for _ in range(2):
        reply = service.call("DELETE", operation)
        assert reply.status == (409 if ended else 202)
    service.world.instant = True
    properties.finish(service)
    shown = service.call("GET", operation).json
    if ended:
        return
    assert (shown["state"], shown["error"]["code"], shown["cancel_requested"]) == ("cancelled", "cancelled", True)
    left = service.call("GET", f"/v1/servers/{server['uuid']}").json
    assert (left["status"], left["fault"]["message"]) == ("error", "The operation was cancelled.")
    assert service.world.snapshot() == frozenset()
    assert service.call("DELETE", operation).status == 409
    assert service.call("DELETE", f"/v1/servers/{server['uuid']}").status == 204


def test_who_may_cancel(service: Service) -> None:
    server = properties.create(service)
    operation = f"/v1/operations/{_operation(service)}"
    assert service.call("DELETE", operation, token=FOREIGN).status == 404
    assert service.call("DELETE", operation, token=READER).status == 403
    service.call("PUT", f"/v1/servers/{server['uuid']}/states/lock", {"target": True})
    assert service.call("DELETE", operation).status == 409
    assert service.call("DELETE", operation, token=ADMIN).status == 202


def test_a_version_without_cancelling_names_the_one_that_has_it(service: Service) -> None:
    properties.create(service)
    reply = service.call("DELETE", f"/v1/operations/{_operation(service)}", version="1.2")
    assert (reply.status, "DELETE needs microversion 1.3" in reply.json["errors"][0]["detail"]) == (405, True)


def test_a_delete_only_goes_forward(service: Service) -> None:
    properties.active(service)
    service.call("DELETE", f"/v1/servers/{service.server_id}")  # type: ignore[attr-defined]
    assert service.call("DELETE", f"/v1/operations/{_operation(service, 'servers.delete')}").status == 409


def test_a_cancel_that_comes_while_a_step_finds_that_it_must_wait_is_not_slept_through(service: Service) -> None:
    service.world.instant = False
    properties.create(service)
    operation = f"/v1/operations/{_operation(service)}"

    def cancel(name: str, task: Any) -> None:
        once = task.execute

        def execute(**kwargs: Any) -> Any:
            assert service.call("DELETE", operation).status == 202
            return once(**kwargs)

        if name == "wait-until-deployed":
            task.execute = execute

    service.step(properties.wrapped(service, "servers.create", cancel))
    assert service.call("GET", operation).json["state"] == "waiting"
    assert service.step() >= 1
    assert service.call("GET", operation).json["state"] == "cancelled"
