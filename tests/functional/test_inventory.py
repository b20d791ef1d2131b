# SPDX-License-Identifier: Apache-2.0
"""The inventory writes what changed and what is waited for, and keeps that exact while listings of several processes overlap."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.db import models
from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.gateways.protocols import NodeView, PortView
from baremetal_svc.scheduler import inventory
from tests.fixtures.service import ADMIN, Service


class Slow:
    """An Ironic whose listing was read before something else happened."""

    def __init__(self, views: list[NodeView], meanwhile: Callable[[], None]) -> None:
        self._views, self._meanwhile = views, meanwhile

    def list_nodes(self) -> Iterator[NodeView]:
        self._meanwhile()
        yield from self._views

    def list_ports(self) -> Iterator[PortView]:
        return iter(())


def sync_slowly(service: Service, views: list[NodeView], meanwhile: Callable[[], None]) -> None:
    inventory.sync(service.db, Slow(views, meanwhile), with_ports=False)  # type: ignore[arg-type]


def views(service: Service) -> list[NodeView]:
    return list(service.gateways.ironic.list_nodes())


def row(service: Service, node_id: str) -> Any:
    return next(found for found in service.rows(models.Node) if found["id"] == node_id)


@pytest.fixture
def written(service: Service) -> Counter[str]:
    """How many rows of each table are written from here on."""
    counted: Counter[str] = Counter()

    def note(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        words = statement.split()
        if words[0] in ("UPDATE", "INSERT", "DELETE"):
            counted[words[1 if words[0] == "UPDATE" else 2]] += max(cursor.rowcount, 0)

    sa.event.listen(service.db.engine, "after_cursor_execute", note)
    return counted


@pytest.mark.parametrize("count", [3, 1200])
def test_a_listing_that_shows_nothing_new_writes_no_node(service: Service, written: Counter[str], count: int) -> None:
    service.world.add_nodes(count, properties={"cpus": "4", "capabilities": "boot_mode:uefi"}, traits=("CUSTOM_B", "CUSTOM_A"))
    service.sync()
    assert written["nodes"] == written["offers"] == written["pool_members"] == count
    written.clear()
    service.sync()
    assert +written == {"duties": 3}, "its own, and the one before"


def test_what_changed_is_written_and_nothing_else(service: Service, written: Counter[str]) -> None:
    one, *_ = service.world.add_nodes(5)
    service.sync()
    before = {found["id"]: found["observed_at"] for found in service.rows(models.Node)}
    written.clear()
    service.world.nodes[one].maintenance = True
    service.sync()
    after = {found["id"]: found["observed_at"] for found in service.rows(models.Node)}
    assert {node_id for node_id in after if after[node_id] > before[node_id]} == {one}
    assert written["nodes"] == 2 and written["offers"] == 1


@pytest.mark.parametrize("noted", ['{"load": NaN}', r'{"serial": "\ud800"}'])
def test_what_an_earlier_version_noted_though_json_has_no_word_for_it_is_read_and_replaced(service: Service, noted: str) -> None:
    [one] = service.world.add_nodes(1, properties={"cpus": "4"})
    service.sync()
    with service.db.write() as conn:
        conn.execute(sa.text("UPDATE nodes SET properties = :noted"), {"noted": noted})
    service.sync()
    assert row(service, one)["properties"] == {"cpus": "4"}


def test_what_is_waited_for_is_noted_though_it_did_not_change(service: Service) -> None:
    service.world.instant = False
    properties = service.prepared(3)
    service.call("POST", "/v1/servers", properties)
    for _ in range(20):
        service.step()
    [waiting] = [found["wait_node"] for found in service.rows(models.Operation) if found["state"] == "waiting"]
    service.sync()
    before = {found["id"]: found["observed_at"] for found in service.rows(models.Node)}
    service.sync()
    after = {found["id"]: found["observed_at"] for found in service.rows(models.Node)}
    assert {node_id for node_id in after if after[node_id] > before[node_id]} == {waiting}


def test_an_older_listing_does_not_undo_what_a_younger_one_saw_unchanged(service: Service) -> None:
    [one] = service.world.add_nodes(1)
    service.sync()
    service.world.nodes[one].power_state = "power on"
    stale = views(service)
    service.world.nodes[one].power_state = "power off"
    sync_slowly(service, stale, service.sync)
    assert row(service, one)["power_state"] == "power off"


def test_an_older_listing_does_not_miss_what_came_during_it(service: Service) -> None:
    [one] = service.world.add_nodes(1)
    stale = views(service)

    def meanwhile() -> None:
        service.world.add_nodes(1, prefix="new")
        service.sync()

    sync_slowly(service, stale, meanwhile)
    assert [found["gone"] for found in service.rows(models.Node)] == [False, False]
    del service.world.nodes[one]
    service.sync()
    assert row(service, one)["gone"]


def test_a_listing_that_was_taken_for_dead_writes_nothing(service: Service) -> None:
    [one] = service.world.add_nodes(1)
    service.sync()
    service.world.nodes[one].power_state = "power on"
    stale = views(service)
    service.world.nodes[one].power_state = "power off"

    def meanwhile() -> None:
        duty = models.Duty.__table__
        with service.db.write() as conn:
            conn.execute(sa.update(duty).where(duty.c.name.startswith("listing:")).values(lease_until=duty.c.lease_until - 601))
        service.sync()

    with pytest.raises(Unavailable):
        sync_slowly(service, stale, meanwhile)
    assert row(service, one)["power_state"] == "power off"


def test_a_listing_that_broke_off_is_forgotten_and_concludes_nothing(service: Service) -> None:
    service.world.add_nodes(2)
    service.sync()
    service.world.away("ironic")
    with pytest.raises(Unavailable):
        service.sync()
    assert [found["name"].partition(":")[0] for found in service.rows(models.Duty)] == ["listed"]
    assert not any(found["gone"] for found in service.rows(models.Node))


def test_a_node_is_shown_as_of_the_last_listing(service: Service) -> None:
    [one] = service.world.add_nodes(1)
    service.sync()
    with service.db.write() as conn:
        conn.execute(sa.update(models.Node.__table__).values(observed_at=1.0))
    service.sync()
    shown = service.call("GET", f"/v1/nodes/{one}", token=ADMIN).json["observed_at"]
    assert row(service, one)["observed_at"] == 1.0 and datetime.fromisoformat(shown).year > 2000
