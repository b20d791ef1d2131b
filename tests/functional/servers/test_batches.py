# SPDX-License-Identifier: Apache-2.0
"""A batch gets its nodes in one transaction: as many as there are, at least min_count, or none."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.conductor import ending
from baremetal_svc.db import models, purge
from tests.fixtures import drifting, properties
from tests.fixtures.service import ADMIN, Service


def _create(service: Service, nodes: int, least: int, most: int) -> dict[str, Any]:
    body = service.prepared(nodes)
    asked = {**body, "server": {**body["server"], "min_count": least, "max_count": most}}
    reply = service.call("POST", "/v1/servers", asked)
    assert reply.status == 201
    return dict(reply.json)


def _statuses(service: Service) -> list[str]:
    return sorted(row["status"] for row in service.rows(models.Server))


@pytest.mark.parametrize(
    ("nodes", "least", "most", "statuses"),
    [
        (3, 3, 3, ["active"] * 3),
        (3, 2, 4, ["active"] * 3 + ["error"]),
        (2, 2, 5, ["active"] * 2 + ["error"] * 3),
        (2, 3, 3, ["error"] * 3),
        (2, 3, 5, ["error"] * 5),
        (0, 1, 2, ["error"] * 2),
    ],
)
def test_all_that_there_are_but_not_fewer_than_the_least(service: Service, nodes: int, least: int, most: int, statuses: list[str]) -> None:
    _create(service, nodes, least, most)
    service.work()
    assert _statuses(service) == statuses
    properties.finish(service)
    assert len(service.rows(models.Offer)) == nodes - statuses.count("active")


def test_the_claims_are_one_transaction_of_whoever_comes_first(service: Service) -> None:
    _create(service, 4, 4, 4)
    [(operation, lease)] = service.claims.take(1)
    run = service.conductor._runner
    service.world.instant = False
    run.run(operation, lease)
    assert len(service.rows(models.Claim)) == 4
    assert [row["decided"] for row in service.rows(models.Batch)] == [True]
    service.world.instant = True
    properties.finish(service)
    assert _statuses(service) == ["active"] * 4


def test_each_has_an_operation_of_the_same_request(service: Service) -> None:
    _create(service, 3, 1, 3)
    creates = service.rows(models.Operation)
    assert len(creates) == 3
    assert len({row["request_id"] for row in creates}) == 1


def test_why_some_got_none_is_told(service: Service) -> None:
    _create(service, 1, 2, 3)
    service.work()
    for operation in service.rows(models.Operation):
        shown = service.call("GET", f"/v1/operations/{operation['id']}").json
        assert shown["error"]["message"] == "Only 1 of at least 2 machines of this flavor are free now."
        explanation = shown["placement"]["explanation"]
        assert (explanation["fitting"], explanation["least"], explanation["fits"]) == (1, 2, False)
        assert explanation["table"][0] == {"predicate": "in the flavor's pools and resource class", "nodes": 1}
        assert "1 machine" in explanation["would_fit"][0]


@pytest.mark.parametrize("after", [0, 1])
def test_one_that_is_cancelled_before_it_began_holds_nothing(service: Service, after: int) -> None:
    """Its node may have been claimed by another server's create."""
    _create(service, 3, 3, 3)
    for operation, lease in service.claims.take(after):
        service.conductor._runner.run(operation, lease)
    waiting = [row for row in service.rows(models.Operation) if row["state"] == "pending" and row["kind"] == "servers.create"]
    assert service.call("DELETE", f"/v1/operations/{waiting[-1]['id']}").status == 202
    service.work()
    properties.finish(service)
    assert _statuses(service) == ["active", "active", "error"]
    assert len(service.rows(models.Claim)) == 2
    assert len(service.rows(models.Offer)) == 1


def test_a_node_that_fails_is_replaced_for_its_server_alone(service: Service) -> None:
    _create(service, 4, 3, 3)
    service.world.fail_next("deploy")
    service.work()
    assert _statuses(service) == ["active"] * 3


def test_a_retry_of_one_that_got_none_is_on_its_own(service: Service) -> None:
    _create(service, 0, 2, 2)
    service.work()
    assert _statuses(service) == ["error"] * 2
    service.world.add_nodes(1)
    service.sync()
    server = service.rows(models.Server)[0]["id"]
    assert service.call("PUT", f"/v1/servers/{server}/states/provision", {"target": "retry"}).status == 202
    service.work()
    assert _statuses(service) == ["active", "error"]


def test_where_a_node_came_from_is_told_to_operators(service: Service) -> None:
    _create(service, 2, 1, 1)
    service.work()
    [operation] = service.rows(models.Operation)
    [claim] = service.rows(models.Claim)
    assert service.call("GET", f"/v1/operations/{operation['id']}", token=ADMIN).json["placement"]["pool"] == claim["pool_id"]
    assert "pool" not in service.call("GET", f"/v1/operations/{operation['id']}").json["placement"]
    assert str(uuid.UUID(claim["pool_id"])) == claim["pool_id"]


def test_one_that_was_undone_and_has_not_ended_gets_no_node(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another create of its batch claimed for it in that moment, and nobody would have let go."""
    _create(service, 2, 1, 2)
    (first, first_lease), (second, second_lease) = service.claims.take(2)
    images = dict(service.world.images)
    service.world.images.clear()
    with monkeypatch.context() as killed:
        killed.setattr(ending, "conclude", _die)
        with pytest.raises(properties.Died):
            service.conductor._runner.run(second, second_lease)
    service.world.images.update(images)
    service.conductor._runner.run(first, first_lease)
    service.claims.drop(second["id"], second["generation"])
    drifting.change(service, models.Operation, models.Operation.__table__.c.id == second["id"], lease_until=1.0)
    properties.finish(service)
    assert _statuses(service) == ["active", "error"]
    [claim] = service.rows(models.Claim)
    assert claim["server_id"] == first["target_id"]


def _die(*args: object, **kwargs: object) -> None:
    raise properties.Died


def test_where_each_came_from_is_told_and_the_batch_is_forgotten_in_time(service: Service) -> None:
    _create(service, 3, 3, 3)
    service.work()
    pools = {row["placement"]["pool"] for row in service.rows(models.Operation)}
    assert pools == {row["pool_id"] for row in service.rows(models.Claim)}
    drifting.change(service, models.Batch, sa.true(), created_at=1.0)
    assert purge.purge(service.db, 1)["batches"] == 0, "its servers are there"
    for row in service.rows(models.Server):
        assert service.call("DELETE", f"/v1/servers/{row['id']}").status == 204
    properties.finish(service)
    assert purge.purge(service.db, 1)["batches"] == 1
    assert service.rows(models.Batch) == []
