# SPDX-License-Identifier: Apache-2.0
"""What a conductor does for reservations: it ends what is over, replaces what is lost, and says when it cannot."""

from typing import Any

import pytest

from baremetal_svc.conductor.steward import DUTY, Steward
from baremetal_svc.db import duties, models, purge
from baremetal_svc.scheduler import offers
from tests.fixtures import drifting
from tests.fixtures.service import ADMIN, Service
from tests.functional.reservations.test_api import PATH, reserve, using

NODE, RESERVATION = models.Node.__table__.c, models.Reservation.__table__.c


def attend(service: Service, owner: str = "test") -> int:
    return Steward(service.db, owner, interval=1.0, lease=60.0).attend()


def held(service: Service) -> set[str]:
    return {row["node_id"] for row in service.rows(models.ReservedNode)}


def offered(service: Service) -> set[str]:
    return {row["node_id"] for row in service.rows(models.Offer)}


def expire(service: Service) -> None:
    drifting.change(service, models.Reservation, RESERVATION.ended_at.is_(None), until=1.0)


def test_what_is_over_ends_by_itself(service: Service) -> None:
    body = service.prepared(3)
    made = reserve(service, body).json["uuid"]
    assert attend(service) == 0
    expire(service)
    assert service.call("GET", f"{PATH}/{made}").json["status"] == "ended"
    assert service.call("POST", "/v1/servers", using(body, made)).status == 409
    assert attend(service) == 1
    assert held(service) == set() and len(offered(service)) == 3
    assert service.rows(models.Reservation)[0]["ended_at"] is not None
    assert attend(service) == 0


def test_a_create_that_comes_to_its_claim_after_the_end_gets_nothing(service: Service) -> None:
    body = service.prepared(1)
    made = reserve(service, body, 1).json["uuid"]
    assert service.call("POST", "/v1/servers", using(body, made)).status == 201
    expire(service)
    service.work()
    [server] = service.rows(models.Server)
    assert server["status"] == "error" and held(service) and not service.rows(models.Claim)


@pytest.mark.parametrize(
    "columns", [{"maintenance": True}, {"gone": True}, {"retired": True}, {"instance_id": "another-s"}, {"provision_state": "clean failed"}]
)
def test_a_machine_that_breaks_is_swapped(service: Service, columns: dict[str, Any]) -> None:
    body = service.prepared(3)
    made = reserve(service, body).json["uuid"]
    broken = min(held(service))
    drifting.change(service, models.Node, NODE.id == broken, **columns)
    assert attend(service) == 1
    assert broken not in held(service) and len(held(service)) == 2
    assert offered(service) == set()
    assert attend(service) == 0
    shown = service.call("GET", f"{PATH}/{made}").json
    assert (shown["ready"], drifting.faults(service)) == (2, [])


def test_without_another_one_it_is_a_fault_until_there_is(service: Service) -> None:
    body = service.prepared(2)
    made = reserve(service, body).json["uuid"]
    broken = min(held(service))
    drifting.change(service, models.Node, NODE.id == broken, maintenance=True)
    for _ in range(2):
        assert attend(service) == 1
        assert drifting.faults(service) == [("reservation_short", "reservation", True)]
    assert broken in held(service)
    [fault] = service.call("GET", "/v1/faults", token=ADMIN).json["faults"]
    assert "1 of the 2 machines of the reservation r is missing" in fault["message"]
    # It is mended, or there is another one: either way the fault is over.
    drifting.change(service, models.Node, NODE.id == broken, maintenance=False)
    assert attend(service) == 1
    assert drifting.faults(service) == [("reservation_short", "reservation", False)]
    assert service.call("GET", f"{PATH}/{made}").json["ready"] == 2 and attend(service) == 0
    service.world.nodes[broken].maintenance = True
    service.sync()
    attend(service)
    service.world.add_nodes(1)
    service.sync()
    attend(service)
    assert broken not in held(service) and len(held(service)) == 2
    assert [still_open for _, _, still_open in drifting.faults(service)] == [False, False]


def test_what_broke_stays_while_one_is_gone_altogether(service: Service) -> None:
    body = service.prepared(2)
    reserve(service, body)
    broken, gone = sorted(held(service))
    service.world.nodes[broken].maintenance = True
    service.sync()
    drifting.lose(service, models.ReservedNode, models.ReservedNode.node_id == gone)
    with service.db.write() as conn:
        offers.recompute(conn, [gone])
    # The one that is free makes up for the one that is gone; for the broken one there is none.
    attend(service)
    assert held(service) == {broken, gone}
    assert drifting.faults(service) == [("reservation_short", "reservation", True)]


def test_a_machine_that_is_retagged_goes_at_once_and_another_one_comes(service: Service) -> None:
    service.prepared(3)
    pool = service.call("POST", "/v1/pools", {"name": "gold", "all": ["gold"]}, token=ADMIN).json["uuid"]
    for node in sorted(row["id"] for row in service.rows(models.Node))[:2]:
        service.call("PUT", f"/v1/nodes/{node}/tags/gold", token=ADMIN)
    body = {"server": {"flavor_uuid": service.flavor(pools=[pool])}}
    made = reserve(service, body, 1).json["uuid"]
    [node] = held(service)
    service.call("DELETE", f"/v1/nodes/{node}/tags/gold", token=ADMIN)
    assert service.call("GET", f"{PATH}/{made}").json["ready"] == 0
    assert attend(service) == 1
    assert held(service).isdisjoint({node}) and len(held(service)) == 1
    assert any(row["node_id"] == node for row in service.rows(models.Offer))
    refused = service.call("DELETE", f"/v1/pools/{pool}", token=ADMIN)
    assert refused.status == 409


def test_a_machine_in_use_is_left_alone_whatever_happens_to_it(service: Service) -> None:
    body = service.prepared(2)
    made = reserve(service, body, 1).json["uuid"]
    service.call("POST", "/v1/servers", using(body, made))
    service.work()
    before = held(service)
    drifting.change(service, models.Node, NODE.id.in_(before), maintenance=True)
    assert attend(service) == 0 and held(service) == before


def test_a_machine_that_another_server_got_is_swapped(service: Service) -> None:
    body = service.prepared(2)
    reserve(service, body, 1)
    [node] = held(service)
    server = service.call("POST", "/v1/servers", body).json["uuid"]
    service.work()
    # As a conductor of an older release would have it.
    drifting.change(service, models.Claim, models.Claim.__table__.c.live_server == server, node_id=node, held_node=node)
    assert attend(service) == 1
    assert held(service).isdisjoint({node})


def test_one_conductor_does_it(service: Service) -> None:
    reserve(service, service.prepared(2))
    expire(service)
    service.db.transact(lambda conn: duties.take(conn, DUTY, "another", 60.0))
    assert attend(service) == 0 and len(held(service)) == 2


def test_the_doctor_agrees_with_what_is_reserved(service: Service) -> None:
    reserve(service, service.prepared(3))
    assert drifting.look(service) == []
    service.sync()
    assert len(offered(service)) == 1


def test_what_ended_is_forgotten_in_the_end(service: Service) -> None:
    body = service.prepared(1)
    made = reserve(service, body, 1).json["uuid"]
    service.call("DELETE", f"{PATH}/{made}")
    drifting.change(service, models.Reservation, RESERVATION.id == made, ended_at=1.0)
    assert purge.count(service.db, 30.0)["reservations"] == 1
    assert purge.purge(service.db, 30.0)["reservations"] == 1
    assert service.rows(models.Reservation) == []


@pytest.mark.parametrize("lost", ["trait", "tag"])
def test_a_machine_that_is_no_longer_what_the_flavor_asks_for_is_swapped(service: Service, lost: str) -> None:
    service.world.add_nodes(3, traits=["CUSTOM_A"])
    body = service.prepared(0)
    for node in service.world.nodes:
        service.call("PUT", f"/v1/nodes/{node}/tags/gpu=yes", token=ADMIN)
    flavor = service.flavor(resource_traits={"CUSTOM_A": "required"}, resource_aggregates={"gpu": "yes"})
    body = {"server": {**body["server"], "flavor_uuid": flavor}}
    made = reserve(service, body, 2).json["uuid"]
    node = min(held(service))
    if lost == "trait":
        service.world.nodes[node].traits = []
        service.sync()
    else:
        service.call("DELETE", f"/v1/nodes/{node}/tags/gpu=yes", token=ADMIN)
    assert service.call("GET", f"{PATH}/{made}").json["ready"] == 1
    assert attend(service) == 1
    assert node not in held(service) and service.call("GET", f"{PATH}/{made}").json["ready"] == 2
    # It is for others, who do not ask for it.
    assert node in offered(service) and drifting.look(service) == []
