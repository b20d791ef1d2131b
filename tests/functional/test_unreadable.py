# SPDX-License-Identifier: Apache-2.0
"""A logbook that cannot be read: the operation ends and lets go of what it held, and no conductor loads it again and again."""

from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.conductor.persistence import TABLES
from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, Service

ATOMS = TABLES.atomdetails


def _garbage(conn: sa.Connection) -> None:
    conn.exec_driver_sql("UPDATE atomdetails SET results = '{'")


def _another_flow(conn: sa.Connection) -> None:
    conn.execute(sa.update(ATOMS).values(atom_type="RETRY_DETAIL"))


def _no_failure(conn: sa.Connection) -> None:
    conn.exec_driver_sql("""UPDATE atomdetails SET failure = '{"version": 99}'""")


SPOILERS = pytest.mark.parametrize("spoil", [_garbage, _another_flow, _no_failure])


def spoilt(service: Service, spoil: Any) -> None:
    """Let what is live come to its first wait, and spoil its logbook."""
    service.world.instant = False
    service.step()
    service.step()
    with service.db.write() as conn:
        spoil(conn)
    service.world.instant = True
    service.pass_time(61)


@SPOILERS
def test_a_create_fails_and_its_node_comes_back(service: Service, spoil: Any) -> None:
    server = properties.create(service)
    offers = len(service.rows(models.Offer))
    spoilt(service, spoil)
    properties.finish(service)
    shown = service.call("GET", f"/v1/servers/{server['uuid']}").json
    assert shown["status"] == "error"
    [create] = [row for row in service.rows(models.Operation) if row["kind"] == "servers.create"]
    assert (create["state"], create["error"]["code"]) == ("failed", "logbook_unreadable")
    assert service.world.snapshot() == frozenset()
    assert len(service.rows(models.Offer)) == offers and service.rows(models.Claim) == []
    faults = service.call("GET", "/v1/faults?target_kind=operation", token=ADMIN).json["faults"]
    assert {fault["code"] for fault in faults} == {"logbook_unreadable"}
    assert service.call("PUT", f"/v1/servers/{server['uuid']}/states/provision", {"target": "retry"}).status == 202
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"


@SPOILERS
def test_a_delete_and_its_release_begin_anew(service: Service, spoil: Any) -> None:
    server_id = properties.active(service)
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    spoilt(service, spoil)
    properties.finish(service)
    assert service.rows(models.Server) == [] and service.rows(models.Claim) == []
    assert service.world.snapshot() == frozenset()
    ended = {(row["kind"], row["state"]) for row in service.rows(models.Operation) if row["kind"] != "servers.create"}
    assert ended == {("servers.delete", "done"), ("nodes.release", "done")}
    faults = service.call("GET", "/v1/faults?target_kind=operation", token=ADMIN).json["faults"]
    assert {fault["code"] for fault in faults} == {"logbook_unreadable"} and all(fault["cleared_at"] for fault in faults)


def test_an_attach_leaves_no_port(service: Service) -> None:
    server_id = properties.active(service)
    before = service.world.snapshot()
    assert service.call("POST", f"/v1/servers/{server_id}/networks/interfaces", {"net_id": service.network}).status == 204
    service.world.fail_next("attach_vif", times=1)
    service.step()
    with service.db.write() as conn:
        _garbage(conn)
    service.pass_time(61)
    properties.finish(service)
    assert service.world.snapshot() == before
    assert len(service.rows(models.Nic)) == 1
    [attach] = [row for row in service.rows(models.Operation) if row["kind"] == "networks.attach"]
    assert attach["error"]["code"] == "logbook_unreadable"
