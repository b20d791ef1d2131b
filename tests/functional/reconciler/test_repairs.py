# SPDX-License-Identifier: Apache-2.0
"""Each safe kind of drift: made by hand, found, mended, and not found again."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.conductor import persistence
from baremetal_svc.db import models, offers
from baremetal_svc.domain.errors import OutsideRefused, Unavailable
from tests.fixtures import drifting, properties
from tests.fixtures.drifting import change, lose
from tests.fixtures.service import DEFAULT_POOL, Service

SERVER, CLAIM, OP = models.Server.__table__.c, models.Claim.__table__.c, models.Operation.__table__.c
SECRET, NIC, OFFER, FACT = models.Secret.__table__.c, models.Nic.__table__.c, models.Offer.__table__.c, models.NodeFact.__table__.c


def mended(service: Service, *codes: str) -> None:
    """Exactly these are found, all are mended at once, each is on record, and another look finds nothing and changes nothing."""
    assert drifting.codes(service) == sorted(codes)
    assert drifting.fates(service) == [(code, "repaired") for code in sorted(codes)]
    assert [(code, still) for code, _, still in drifting.faults(service)] == [(code, False) for code in sorted(codes)]
    before = drifting.everything(service)
    assert drifting.fates(service) == []
    assert drifting.everything(service) == before


def given_back(service: Service) -> None:
    """After all work nothing of the server is left anywhere, and every node is offered."""
    properties.finish(service)
    assert service.rows(models.Claim) == [] and service.world.snapshot() == frozenset() and service.live() == []
    assert len(service.rows(models.Offer)) == 3
    assert drifting.codes(service) == []


def test_the_node_of_a_server_that_is_gone_is_given_back(service: Service) -> None:
    server_id = properties.active(service)
    lose(service, models.Server, SERVER.id == server_id)
    mended(service, "claim_without_server")
    given_back(service)


def test_the_tenants_own_port_is_given_back_too(service: Service) -> None:
    body = service.prepared()
    own = service.gateways.neutron.add_port(service.network, "red")
    body["server"]["networks"].append({"port_id": own})
    service.call("POST", "/v1/servers", body)
    service.work()
    lose(service, models.Server, sa.true())
    mended(service, "claim_without_server")
    properties.finish(service)
    assert list(service.world.ports) == [own] and service.world.ports[own].device_id == ""


def test_a_release_that_was_lost_is_begun_anew(service: Service) -> None:
    server_id = properties.active(service)
    service.call("DELETE", f"/v1/servers/{server_id}")
    service.step()
    lose(service, models.Operation, OP.kind == "nodes.release")
    change(service, models.Operation, OP.kind == "servers.delete", state="failed", live_delete=None, ended_at=1.0)
    change(service, models.Server, SERVER.id == server_id, status="error")
    mended(service, "claim_not_released", "logbook_without_operation")
    properties.finish(service)
    assert service.rows(models.Claim) == [] and service.world.snapshot() == frozenset()


def test_a_machine_without_any_row_is_claimed_and_given_back(service: Service) -> None:
    server_id = properties.active(service)
    lose(service, models.Claim, CLAIM.server_id == server_id)
    lose(service, models.Server, SERVER.id == server_id)
    # Its port is attached to it: it goes with the machine.
    mended(service, "instance_without_server")
    given_back(service)


@pytest.mark.parametrize("state", ["available", "active"])
def test_a_machine_that_a_late_request_gave_to_a_failed_server_is_given_back(service: Service, state: str) -> None:
    server_id = properties.create(service)["uuid"]
    service.world.fail_next("deploy", times=9)
    properties.finish(service)
    [row] = service.rows(models.Server)
    assert row["status"] == "error"
    node = list(service.world.nodes.values())[-1]
    node.instance_id, node.instance_info, node.provision_state = server_id, {"baremetal_svc": {server_id: True}}, state
    service.sync()
    mended(service, "instance_misplaced")
    properties.finish(service)
    assert service.rows(models.Claim) == [] and service.world.snapshot() == frozenset()
    assert service.rows(models.Server)[0]["status"] == "error"


def test_facts_that_are_not_those_of_the_node_are_written_anew(service: Service) -> None:
    service.prepared()
    lose(service, models.NodeFact, FACT.term == "retired:false")
    with service.db.read() as conn:
        nodes = conn.execute(sa.select(FACT.node_id).distinct()).scalars().all()
    assert drifting.codes(service) == ["offers_disagree"] * len(nodes)
    drifting.repair(service)
    assert drifting.codes(service) == [] and any(row["term"] == "retired:false" for row in service.rows(models.NodeFact))


def test_a_port_of_a_server_that_is_gone_is_deleted(service: Service) -> None:
    server_id = properties.active(service)
    service.call("DELETE", f"/v1/servers/{server_id}")
    properties.finish(service)
    made = {"server_id": server_id, "claim_id": str(uuid.uuid4()), "index": 0, "network_id": service.network, "project_id": "red"}
    service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
    mended(service, "port_without_server")
    assert service.world.ports == {}


def test_a_port_on_a_machine_that_is_free_is_detached_and_deleted(service: Service) -> None:
    server_id = properties.active(service)
    service.call("DELETE", f"/v1/servers/{server_id}")
    properties.finish(service)
    made = {"server_id": server_id, "claim_id": str(uuid.uuid4()), "index": 0, "network_id": service.network, "project_id": "red"}
    port = service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
    next(iter(service.world.nodes.values())).vifs.append(port.id)
    mended(service, "vif_without_server")
    assert service.world.snapshot() == frozenset()


def test_an_attach_that_came_late_is_taken_back(service: Service) -> None:
    """Found by chaos: the port had been deleted, and the node was a fault until an operator detached it."""
    properties.active(service)
    [free, *_] = [node for node in service.world.nodes.values() if node.instance_id is None]
    free.vifs.append(str(uuid.uuid4()))
    mended(service, "vif_on_free_node")
    assert free.vifs == []
    assert free.id in {row["node_id"] for row in service.rows(models.Offer)}


def test_a_second_port_of_a_network_connection_is_deleted(service: Service) -> None:
    """Two requests that overtook each other."""
    server_id = properties.active(service)
    [claim] = service.rows(models.Claim)
    [nic] = service.rows(models.Nic)
    made = {"server_id": server_id, "claim_id": claim["id"], "index": 7, "network_id": service.network, "project_id": "red"}
    service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
    mended(service, "port_without_nic")
    assert list(service.world.ports) == [nic["port_id"]]


def test_a_network_connection_that_nobody_removes_is_listed_again(service: Service) -> None:
    server_id = properties.active(service)
    change(service, models.Nic, NIC.server_id == server_id, detaching=True)
    mended(service, "nic_detaching")
    assert [row["detaching"] for row in service.rows(models.Nic)] == [False]


@pytest.mark.parametrize(("status", "kind", "state", "ends"), [("powering-off", "power.stop", "done", "stopped"),
                                                              ("powering-off", "power.stop", "failed", "active"),
                                                              ("rebuilding", "rebuild.deploy", "cancelled", "error")])  # fmt: skip
def test_a_status_in_between_becomes_what_the_last_operation_says(service: Service, status: str, kind: str, state: str, ends: str) -> None:
    server_id = properties.active(service)
    [create] = [row for row in service.rows(models.Operation) if row["kind"] == "servers.create"]
    with service.db.write() as conn:
        later = {"id": str(uuid.uuid4()), "kind": kind, "state": state, "ended_at": create["ended_at"] + 1e-3}
        conn.execute(sa.insert(models.Operation.__table__).values({**create, **later}))
        # Ended before the look: the reconciler leaves alone what ends meanwhile.
        conn.execute(sa.update(models.Operation.__table__).values(ended_at=OP.ended_at - 60))
    change(service, models.Server, SERVER.id == server_id, status=status)
    mended(service, "status_stuck")
    assert [row["status"] for row in service.rows(models.Server)] == [ends]


def test_an_operation_that_waits_for_one_that_has_ended_goes_on(service: Service) -> None:
    """A delete that reads the live operation just before that one ends."""
    server_id = properties.active(service)
    [create] = service.rows(models.Operation)
    service.call("DELETE", f"/v1/servers/{server_id}")
    change(service, models.Operation, OP.kind == "servers.delete", blocked_by=create["id"], wake_at=None)
    service.work()
    assert len(service.live()) == 1
    mended(service, "operation_blocked")
    given_back(service)


def test_leftovers_of_ended_operations_are_deleted(service: Service) -> None:
    properties.active(service)
    [create] = service.rows(models.Operation)
    stray = str(uuid.uuid4())
    with service.db.write() as conn:
        for book in (create["id"], stray):
            conn.execute(sa.insert(persistence.TABLES.logbooks).values(uuid=book, name="n"))
            conn.execute(sa.insert(persistence.TABLES.flowdetails).values(uuid=book, parent_uuid=book, name="n"))
        conn.execute(sa.insert(models.Secret.__table__).values(operation_id=create["id"], name="s", ciphertext="c"))
    assert drifting.look(service) == sorted(
        [("logbook_without_operation", create["id"]), ("logbook_without_operation", stray), ("secret_without_operation", create["id"])]
    )
    mended(service, "logbook_without_operation", "logbook_without_operation", "secret_without_operation")
    with service.db.read() as conn:
        assert conn.execute(sa.select(persistence.TABLES.flowdetails)).all() == []
    assert service.rows(models.Secret) == []


def test_offers_are_recomputed(service: Service) -> None:
    properties.active(service)
    [claim] = service.rows(models.Claim)
    free = next(row["node_id"] for row in service.rows(models.Offer))
    lose(service, models.Offer, OFFER.node_id == free)
    with service.db.write() as conn:
        offers.add(conn, [(claim["node_id"], DEFAULT_POOL, "baremetal", 1)])
    mended(service, "offers_disagree", "offers_disagree")
    assert {row["node_id"] for row in service.rows(models.Offer)} == set(service.world.nodes) - {claim["node_id"]}


def test_a_node_whose_resource_class_changed_is_offered_under_the_new_one(service: Service) -> None:
    """A claim of the old class got it: recomputing compared pools only."""
    [node_id] = service.world.add_nodes(1)
    service.sync()
    service.world.nodes[node_id].resource_class = "gpu"
    service.sync()
    assert [row["resource_class"] for row in service.rows(models.Offer)] == ["gpu"]
    change(service, models.Offer, OFFER.node_id == node_id, resource_class="baremetal")
    mended(service, "offers_disagree")
    assert [row["resource_class"] for row in service.rows(models.Offer)] == ["gpu"]


def test_a_service_that_refuses_makes_it_a_fault_until_it_is_done(service: Service) -> None:
    service.world.fail_next("release_port", times=1, error=OutsideRefused("Neutron refused: no"))
    with pytest.raises(AssertionError):
        test_a_second_port_of_a_network_connection_is_deleted(service)
    assert drifting.faults(service) == [("port_without_nic", "server", True)]
    assert drifting.fates(service) == [("port_without_nic", "repaired")]
    assert drifting.faults(service) == [("port_without_nic", "server", False)] * 2


def test_a_service_that_goes_away_in_the_middle_leaves_it_for_the_next_look(service: Service) -> None:
    service.world.fail_next("release_port", times=1, error=Unavailable("away"))
    with pytest.raises(AssertionError):
        test_a_second_port_of_a_network_connection_is_deleted(service)
    assert drifting.faults(service) == []
    assert drifting.fates(service) == [("port_without_nic", "repaired")]


def test_death_in_the_middle_of_a_repair_leaves_it_whole_for_the_next_look(service: Service) -> None:
    """A transaction that is not committed, and a request whose answer is lost."""
    server_id = properties.active(service)
    lose(service, models.Server, SERVER.id == server_id)
    write = service.db.write
    service.db.write = lambda: (_ for _ in ()).throw(properties.Died())  # type: ignore[method-assign,assignment]
    with pytest.raises(properties.Died):
        drifting.repair(service)
    service.db.write = write  # type: ignore[method-assign]
    mended(service, "claim_without_server")
    given_back(service)


def test_many_machines_at_once_are_torn_down_only_at_an_operators_word(service: Service) -> None:
    body = service.prepared(nodes=12)
    service.conf.set_override("servers", -1, "quotas")
    service.call("POST", "/v1/servers", {"server": {**body["server"], "min_count": 11, "max_count": 11}})
    service.work()
    lose(service, models.Server, sa.true())
    assert drifting.fates(service) == [("claim_without_server", "fault")] * 11
    assert service.live() == []
    outcome = drifting.reconciler(service).reconcile(repair=True, most_tear_downs=None)
    assert {str(result.fate) for result in outcome.results} == {"repaired"} and len(service.live()) == 11


def test_a_repair_looks_again_in_its_transaction(service: Service) -> None:
    """Between look and repair somebody deletes the server by hand, or an operation begins: nothing is done."""
    server_id = properties.active(service)
    change(service, models.Nic, NIC.server_id == server_id, detaching=True)
    found = drifting.reconciler(service)
    mend = found._mend

    def meanwhile(seen: Any, finding: Any) -> Any:
        service.call("DELETE", f"/v1/servers/{server_id}")
        return mend(seen, finding)

    found._mend = meanwhile  # type: ignore[method-assign]
    assert [str(result.fate) for result in found.reconcile(repair=True).results] == ["over"]
    assert drifting.faults(service) == []
