# SPDX-License-Identifier: Apache-2.0
"""Rows first, then the wake-up: whoever is woken finds the operation committed, whatever asked for it."""

from typing import Any

import amqp
import sqlalchemy as sa

from baremetal_svc.api import app
from baremetal_svc.conductor.client import Waker
from baremetal_svc.db import models
from baremetal_svc.db.session import Database
from baremetal_svc.wsgi import assembly
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, Service
from tests.functional.test_processes import until

OP = models.Operation.__table__.c


def test_a_conductor_that_is_woken_finds_the_operation(service: Service) -> None:
    server_id = properties.active(service)
    other = Database(f"sqlite:///{service.directory}/service.sqlite")
    seen: list[str | None] = []

    def wake(operation_id: str) -> None:
        with other.read() as conn:
            seen.append(conn.execute(sa.select(OP.kind).where(OP.id == operation_id)).scalar())

    service.application = app.build(assembly.services(service.conf, service.db, service.gateways, wake))
    path = f"/v1/servers/{server_id}"

    def asked(method: str, url: str, body: Any = None) -> str | None:
        before = len(seen)
        reply = service.call(method, url, body, token=ADMIN)
        assert reply.status in (201, 202, 204), reply.raw
        service.work()
        assert len(seen) == before + 1
        return seen[-1]

    assert asked("PUT", f"{path}/states/power", {"target": "off"}) == "power.stop"
    assert asked("PUT", f"{path}/states/provision", {"target": "rebuild"}) == "rebuild.deploy"
    assert asked("POST", f"{path}/networks/interfaces", {"net_id": service.network}) == "networks.attach"
    port_id = service.call("GET", f"{path}/networks").json["nics"][1]["port_id"]
    assert asked("DELETE", f"{path}/networks/interfaces/{port_id}") == "networks.detach"
    assert asked("DELETE", path) == "servers.delete"
    body = service.prepared(2)
    service.token = ADMIN
    assert asked("POST", "/v1/servers", body) == "servers.create"
    other.close()


def test_a_waker_outlives_whatever_its_driver_raises() -> None:
    """Its thread ended with the first error that was none of oslo.messaging's, and operations waited for the poll from then on."""
    cast: list[str] = []

    def to_bus(operation_id: str) -> None:
        cast.append(operation_id)
        if len(cast) == 1:
            raise amqp.exceptions.AccessRefused

    waker = Waker(to_bus)
    for number in range(2):
        waker.wake(f"operation-{number}")
        assert until(lambda number=number: len(cast) == number + 1)
