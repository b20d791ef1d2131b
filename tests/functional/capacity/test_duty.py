# SPDX-License-Identifier: Apache-2.0
"""Pools are counted by one conductor for all, each hour is kept once, and too few free machines are told once."""

from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.db import models
from baremetal_svc.scheduler import capacity
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service

LAST, HOUR = models.PoolCapacity.__table__, models.PoolCapacityHour.__table__


@pytest.fixture
def pool(service: Service) -> str:
    """The id of a pool of three machines of which two should be free."""
    service.body = service.prepared()  # type: ignore[attr-defined]
    return str(service.call("POST", "/v1/pools", {"name": "p", "free_below": 2}, token=ADMIN).json["uuid"])


def later(service: Service, seconds: float) -> None:
    """Everything was counted so long ago."""
    with service.db.write() as conn:
        conn.execute(sa.update(LAST).values(as_of=LAST.c.as_of - seconds))
        conn.execute(sa.update(HOUR).values(hour=HOUR.c.hour - int(seconds // 3600)))


def count(service: Service) -> int:
    return int(service.conductor.stocktaker.count())


def told(service: Service) -> list[tuple[str, Any]]:
    return [(row["code"], row["cleared_at"] is None) for row in service.rows(models.Fault) if row["target_kind"] == "pool"]


def test_pools_are_counted_when_they_are_due(service: Service, pool: str) -> None:
    assert [count(service), count(service)] == [2, 0]
    later(service, 31)
    assert count(service) == 2


def test_another_conductor_counts_when_the_duty_is_free(service: Service, pool: str) -> None:
    count(service)
    later(service, 31)
    other = service.new_conductor("conductor-2").stocktaker
    assert other.count() == 0
    with service.db.write() as conn:
        conn.execute(models.Duty.__table__.delete())
    assert (other.count(), count(service)) == (2, 0)


def test_an_hour_is_kept_once_and_old_ones_go(service: Service, pool: str) -> None:
    for _ in range(2):
        count(service)
        later(service, 31)
    assert len(service.rows(models.PoolCapacityHour)) == 2
    later(service, 7200)
    count(service)
    assert len(service.rows(models.PoolCapacityHour)) == 4
    later(service, 401 * 86400)
    count(service)
    assert len(service.rows(models.PoolCapacityHour)) == 2


def test_a_count_that_comes_late_changes_nothing(service: Service, pool: str) -> None:
    row = {"id": pool, "name": "p", "free_below": "9"}
    stock, as_of = service.db.query(lambda conn: capacity.count(conn, pool, 3))
    count(service)
    assert service.db.transact(lambda conn: capacity._keep(conn, row, stock, as_of - 1, 1.0)) is None
    assert told(service) == []


def test_a_pool_that_goes_meanwhile_is_passed_over(service: Service, pool: str) -> None:
    assert capacity.take(service.db, {"id": "gone", "name": "gone", "free_below": None}, depth=3, days=1) is None


def use(service: Service, servers: int) -> list[str]:
    body: Any = service.body  # type: ignore[attr-defined]
    ids = [service.call("POST", "/v1/servers", body).json["uuid"] for _ in range(servers)]
    service.work()
    return ids


def test_too_few_is_told_once_and_enough_again_once(service: Service, pool: str) -> None:
    count(service)
    assert told(service) == []
    ids = use(service, 2)
    for _ in range(2):
        later(service, 31)
        count(service)
        assert told(service) == [(capacity.CODE, True)]
    assert service.call("GET", f"/v1/pools/{pool}/capacity", token=ADMIN).json["low"] is True
    [fault] = service.call("GET", "/v1/faults?target_kind=pool", token=ADMIN).json["faults"]
    assert "1 of 3" in fault["message"] and fault["target_uuid"] == pool
    service.call("DELETE", f"/v1/servers/{ids[0]}")
    service.work()
    service.pass_time(100)
    service.work()
    later(service, 31)
    count(service)
    assert told(service) == [(capacity.CODE, False)]


def test_a_pool_that_is_deleted_has_no_open_fault(service: Service, pool: str) -> None:
    use(service, 2)
    count(service)
    assert service.call("DELETE", f"/v1/pools/{pool}", token=ADMIN).status == 204
    assert told(service) == [(capacity.CODE, False)] and {row["pool_id"] for row in service.rows(models.PoolCapacity)} == {DEFAULT_POOL}


def test_thresholds_are_edited_from_1_6_on(service: Service, pool: str) -> None:
    path = f"/v1/pools/{pool}"

    def edited(op: str, value: Any, **more: Any) -> Any:
        return service.call(
            "PATCH", path, [{"op": op, "path": "/free_below", **({} if op == "remove" else {"value": value})}], token=ADMIN, **more
        )

    assert service.call("GET", path, token=ADMIN).json["free_below"] == 2
    assert edited("replace", "10%").json["free_below"] == "10%"
    for bad in (-1, "101%", "ten", 1.5, True):
        assert edited("replace", bad).status == 400
    assert edited("replace", 1, version="1.5").status == 400
    rename = [{"op": "replace", "path": "/name", "value": "q"}]
    assert "free_below" not in service.call("PATCH", path, rename, token=ADMIN, version="1.5").json
    assert service.call("GET", path, token=ADMIN).json["free_below"] == "10%"
    assert edited("remove", None).json["free_below"] is None
