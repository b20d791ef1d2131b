# SPDX-License-Identifier: Apache-2.0
"""The service in one process over the simulated world, on the real databases: what SQL means differs from one to the next."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from baremetal_svc.conductor import persistence
from baremetal_svc.conductor.claims import Claims
from baremetal_svc.conductor.steward import Steward
from baremetal_svc.db import duties, models
from devstack.local import services
from tests.fixtures import drifting, properties
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service, tomorrow


@pytest.fixture(params=["mysql", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    services.up("mariadb" if request.param == "mysql" else "postgresql")
    made = Service(tmp_path, url=services.create_database(request.param, "in_one_process"))
    yield made
    made.close()


def test_create_power_delete(service: Service) -> None:
    server = properties.create(service, name="ünïcode \U0001f600", user_data="I2Nsb3VkLWNvbmZpZwo=")
    service.work()
    path = f"/v1/servers/{server['uuid']}"
    shown = service.call("GET", path, token=ADMIN).json
    assert (shown["status"], shown["name"]) == ("active", "ünïcode \U0001f600")
    for target, status in (("off", "stopped"), ("on", "active"), ("reboot", "active")):
        assert service.call("PUT", f"{path}/states/power", {"target": target}).status == 202
        service.work()
        assert service.call("GET", path).json["status"] == status
    assert service.call("DELETE", path).status == 204
    properties.finish(service)
    assert service.call("GET", path).status == 404
    assert service.world.snapshot() == frozenset()
    assert len(service.rows(models.Offer)) == 3


def test_pages_and_filters(service: Service) -> None:
    body = service.prepared(nodes=0)
    body["server"] |= {"max_count": 5}
    service.call("POST", "/v1/servers", body)
    for sort in ("name", "created_at", "status", "id"):
        seen, path = [], f"/v1/servers?limit=2&sort_key={sort}&sort_dir=desc"
        while path:
            page = service.call("GET", path).json
            seen += [server["name"] for server in page["servers"]]
            path = page.get("servers_links", [{"href": ""}])[0]["href"].removeprefix("http://localhost")
        assert sorted(seen) == ["s-1", "s-2", "s-3", "s-4", "s-5"], sort
    assert len(service.call("GET", "/v1/servers?name=-3").json["servers"]) == 1


def test_reservations_are_used_mended_and_ended(service: Service) -> None:
    service.world.add_nodes(4, traits=["CUSTOM_A"])
    body = service.prepared(0)
    flavor = service.flavor(resource_traits={"CUSTOM_A": "required"})
    asked = {"name": "r", "flavor_uuid": flavor, "count": 2, "until": tomorrow()}
    path = f"/v1/reservations/{service.call('POST', '/v1/reservations', asked).json['uuid']}"
    assert service.call("POST", "/v1/reservations", {**asked, "count": 3}).status == 409
    steward = Steward(service.db, "test", interval=1.0, lease=60.0)
    for lost in (True, False):
        # A machine that is no longer what was reserved goes, and one that is comes.
        for node in service.world.nodes.values():
            node.traits = [] if lost else ["CUSTOM_A"]
        service.sync()
        steward.attend()
        assert service.call("GET", path).json["ready"] == (0 if lost else 2)
    assert drifting.faults(service) == [("reservation_short", "reservation", False)]
    hinted = {"server": {**body["server"], "flavor_uuid": flavor}, "scheduler_hints": {"reservation": path.rpartition("/")[2]}}
    assert [service.call("POST", "/v1/servers", hinted).status for _ in range(3)] == [201, 201, 403]
    service.work()
    shown = service.call("GET", path).json
    assert (shown["in_use"], shown["ready"]) == (2, 0)
    assert [one["status"] for one in service.call("GET", "/v1/reservations?status=active").json["reservations"]] == ["active"]
    drifting.change(service, models.Reservation, sa.true(), until=1.0)
    assert steward.attend() == 1 and service.rows(models.ReservedNode) == []
    assert len(service.rows(models.Offer)) == 2 and drifting.look(service) == []


def test_limits_of_pools_are_kept(service: Service) -> None:
    body = service.prepared(3)
    limit = {"quotas": {f"pool:{DEFAULT_POOL}": 2, "reserved_nodes": 1}}
    assert service.call("PUT", "/v1/quotas/red", limit, token=ADMIN).status == 200
    asked = {"name": "r", "flavor_uuid": body["server"]["flavor_uuid"], "count": 1, "until": tomorrow()}
    assert [service.call("POST", "/v1/reservations", asked).status for _ in range(2)] == [201, 403]
    with ThreadPoolExecutor(4) as pool:
        statuses = list(pool.map(lambda _: service.call("POST", "/v1/servers", body).status, range(4)))
    assert sorted(statuses) == [201, 403, 403, 403]
    used = service.call("GET", "/v1/limits").json["limits"]
    assert (used[f"pool:{DEFAULT_POOL}"]["usage"], used["reserved_nodes"]["usage"]) == (2, 1)


def test_operators_say_where_machines_stand(service: Service) -> None:
    service.world.add_nodes(1, properties={"failure_domain": "dc1/room1"})
    service.sync()
    [node] = [row["id"] for row in service.rows(models.Node)]
    path = f"/v1/nodes/{node}/failure-domain"
    assert service.call("PUT", path, {"failure_domain": "dc2/room9"}, token=ADMIN).status in (200, 204)
    service.sync()
    assert service.rows(models.Node)[0]["failure_domain"] == "dc2/room9"
    assert service.call("DELETE", path, token=ADMIN).status in (200, 204)
    service.sync()
    assert service.rows(models.Node)[0]["failure_domain"] == "dc1/room1"


def test_the_reconciler_finds_and_mends(service: Service) -> None:
    server_id = properties.active(service)
    op, server, offer = (model.__table__.c for model in (models.Operation, models.Server, models.Offer))
    [create] = service.rows(models.Operation)
    with service.db.write() as conn:
        conn.execute(sa.insert(persistence.TABLES.logbooks).values(uuid=create["id"], name="n"))
        conn.execute(sa.insert(models.Secret.__table__).values(operation_id=create["id"], name="s", ciphertext="c"))
    drifting.lose(service, models.Offer, offer.node_id != "")
    next(node for node in service.world.nodes.values() if node.instance_id).protected = False
    assert drifting.fates(service) == [
        ("logbook_without_operation", "repaired"),
        ("node_not_protected", "fault"),
        ("offers_disagree", "repaired"),
        ("offers_disagree", "repaired"),
        ("secret_without_operation", "repaired"),
    ]
    drifting.lose(service, models.Server, server.id == server_id)
    assert drifting.fates(service) == [("claim_without_server", "repaired")]
    assert not any(still for _, _, still in drifting.faults(service))
    drifting.change(service, models.Operation, op.kind == "nodes.release", blocked_by=create["id"], wake_at=None)
    assert drifting.fates(service) == [("operation_blocked", "repaired")]
    properties.finish(service)
    assert service.world.snapshot() == frozenset() and drifting.codes(service) == []


def test_many_conductors_claim_each_operation_and_each_node_once(service: Service) -> None:
    service.conf.set_override("servers", -1, "quotas")
    body = service.prepared(nodes=30)
    body["server"]["max_count"] = 30
    assert service.call("POST", "/v1/servers", body).status == 201

    def conductor(number: int) -> int:
        claims, ran = Claims(service.db, service.runner._kinds, f"c{number}", service.lease), 0
        while count := service.step(claims=claims):
            ran += count
        return ran

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(conductor, range(6))) == 30
    claims = service.rows(models.Claim)
    assert len({claim["node_id"] for claim in claims}) == len({claim["server_id"] for claim in claims}) == 30
    assert service.rows(models.Offer) == []
    service.work()
    assert {row["status"] for row in service.rows(models.Server)} == {"active"}


def test_concurrent_deletes_and_keys_make_one_operation(service: Service) -> None:
    server = properties.create(service)
    body = service.prepared(nodes=0)
    with ThreadPoolExecutor(8) as pool:
        deleted = list(pool.map(lambda _: service.call("DELETE", f"/v1/servers/{server['uuid']}").status, range(8)))
        made = list(pool.map(lambda _: service.call("POST", "/v1/servers", body, headers={"Idempotency-Key": "k"}), range(8)))
    assert set(deleted) == {204}
    assert {reply.status for reply in made} == {201}
    assert len({reply.json["uuid"] for reply in made}) == 1
    assert [row["kind"] for row in service.rows(models.Operation)].count("servers.delete") == 1


def test_many_at_once_do_not_exceed_a_quota(service: Service) -> None:
    """Without the lock fourteen servers were made of five."""
    assert service.call("PUT", "/v1/quotas/red", {"quotas": {"servers": 5}}, token=ADMIN).status == 200
    body = service.prepared()
    batch = {"server": {**body["server"], "max_count": 2}}
    with ThreadPoolExecutor(12) as pool:
        replies = list(pool.map(lambda number: service.call("POST", "/v1/servers", batch if number % 2 else body).status, range(24)))
    assert set(replies) == {201, 403}
    assert len(service.rows(models.Server)) == 5


def test_a_duty_has_one_holder(service: Service) -> None:
    def take(owner: str) -> bool:
        return service.db.transact(lambda conn: duties.take(conn, "d", owner, 60))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(take, "abcdefgh")) == 1
