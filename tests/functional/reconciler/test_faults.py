# SPDX-License-Identifier: Apache-2.0
"""Each kind of drift that is an operator's: it is a fault while it stands, one only, and cleared when it is over."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from baremetal_svc.db import models
from tests.fixtures import drifting, properties
from tests.fixtures.drifting import change, lose
from tests.fixtures.service import ADMIN, MEMBER, Service

SERVER, CLAIM, OP = models.Server.__table__.c, models.Claim.__table__.c, models.Operation.__table__.c
Undo = Callable[[], None]


def _node(service: Service) -> object:
    return next(node for node in service.world.nodes.values() if node.instance_id == service.server_id)  # type: ignore[attr-defined]


def node_gone(service: Service) -> Undo:
    node = _node(service)
    del service.world.nodes[node.id]  # type: ignore[attr-defined]
    return lambda: service.world.nodes.update({node.id: node})  # type: ignore[attr-defined,dict-item]


def node_lost(service: Service) -> Undo:
    node = _node(service)
    node.instance_id = str(uuid.uuid4())  # type: ignore[attr-defined]
    return lambda: setattr(node, "instance_id", service.server_id)  # type: ignore[attr-defined]


def node_not_protected(service: Service) -> Undo:
    node = _node(service)
    node.protected = False  # type: ignore[attr-defined]
    return lambda: setattr(node, "protected", True)


def server_without_claim(service: Service) -> Undo:
    [claim] = service.rows(models.Claim)
    lose(service, models.Claim, CLAIM.id == claim["id"])

    def undo() -> None:
        with service.db.write() as conn:
            conn.execute(sa.insert(models.Claim.__table__).values(dict(claim)))

    return undo


def nic_without_port(service: Service) -> Undo:
    [port] = service.world.ports.values()
    del service.world.ports[port.id]
    return lambda: service.world.ports.update({port.id: port})


def status_stuck(service: Service) -> Undo:
    change(service, models.Server, sa.true(), status="powering-on")
    return lambda: change(service, models.Server, sa.true(), status="active")


def port_without_server(service: Service) -> Undo:
    """Nothing of ours says that the server was ours: it may be another installation's."""
    made = {"server_id": str(uuid.uuid4()), "claim_id": str(uuid.uuid4()), "index": 0, "network_id": service.network, "project_id": "red"}
    port = service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
    return lambda: service.gateways.neutron.release_port(port.id, preserve=False)


def instance_without_server(service: Service) -> Undo:
    """Likewise."""
    other = str(uuid.uuid4())
    marked = {"instance_id": other, "instance_info": {"baremetal_svc": {other: True}}, "provision_state": "active"}
    [node] = service.world.add_nodes(1, **marked)
    service.sync()

    def undo() -> None:
        service.gateways.ironic.undeploy(node, other)
        service.sync()

    return undo


def vif_without_server(service: Service) -> Undo:
    """On a machine that another system has."""
    port_gone = port_without_server(service)
    [port] = [port for port in service.world.ports.values() if port.device_id != service.server_id]  # type: ignore[attr-defined]
    service.world.add_nodes(1, provision_state="active", instance_id=str(uuid.uuid4()), vifs=[port.id])
    service.sync()
    return port_gone


def vif_on_free_node(service: Service) -> Undo:
    [free, *_] = [node for node in service.world.nodes.values() if node.instance_id is None]
    made = {"server_id": str(uuid.uuid4()), "claim_id": str(uuid.uuid4()), "index": 0, "network_id": service.network, "project_id": "red"}
    port = service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
    # Another system's: it exists and names nobody of ours.
    service.world.ports[port.id].taken = False
    free.vifs.append(port.id)
    return free.vifs.clear


def port_without_nic(service: Service) -> Undo:
    """The machine carries it."""
    [claim] = service.rows(models.Claim)
    made = {"server_id": claim["server_id"], "claim_id": claim["id"], "index": 7, "network_id": service.network, "project_id": "red"}
    port = service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
    _node(service).vifs.append(port.id)  # type: ignore[attr-defined]

    def undo() -> None:
        service.gateways.ironic.detach_vifs(claim["node_id"], [port.id])
        service.gateways.neutron.release_port(port.id, preserve=False)

    return undo


def claim_without_server(service: Service) -> Undo:
    """Nothing says that we deployed the machine: it may have been adopted."""
    [row], [nic] = service.rows(models.Server), service.rows(models.Nic)
    [create] = service.rows(models.Operation)
    lose(service, models.Server, sa.true())
    change(service, models.Operation, sa.true(), kind="adoption.adopt")

    def undo() -> None:
        with service.db.write() as conn:
            conn.execute(sa.insert(models.Server.__table__).values(dict(row)))
            conn.execute(sa.insert(models.Nic.__table__).values(dict(nic)))
        change(service, models.Operation, sa.true(), kind=create["kind"])

    return undo


def _operation(service: Service, **values: object) -> Undo:
    service.call("DELETE", f"/v1/servers/{service.server_id}")  # type: ignore[attr-defined]
    change(service, models.Operation, OP.kind == "servers.delete", **values)
    return lambda: properties.finish(service) and None


def operation_overdue(service: Service) -> Undo:
    [create] = service.rows(models.Operation)
    return _operation(service, deadline_at=create["created_at"] - 1000)


def operation_abandoned(service: Service) -> Undo:
    [create] = service.rows(models.Operation)
    return _operation(service, state="running", generation=1, lease_until=create["created_at"] - 11 * service.lease)


PLANTED: list[Callable[[Service], Undo]] = [
    node_gone, node_lost, node_not_protected, server_without_claim, nic_without_port, status_stuck, port_without_server,
    instance_without_server, vif_without_server, vif_on_free_node, port_without_nic, claim_without_server, operation_overdue,
    operation_abandoned,
]  # fmt: skip


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_it_is_a_fault_while_it_stands(service: Service, plant: Callable[[Service], Undo]) -> None:
    code = plant.__name__
    properties.active(service)
    undo = plant(service)
    before = {**drifting.everything(service), "faults": []}
    calls = len(service.world.calls)
    for _ in range(3):
        assert drifting.fates(service) == [(code, "fault")]
    after = drifting.everything(service)
    [fault] = after["faults"]
    assert (fault["code"], fault["cleared_at"], fault["operation_id"]) == (code, None, None)
    # A node with a fault is not offered; nothing else is changed, here or outside.
    if fault["target_kind"] == "node":
        assert fault["target_id"] not in {row["node_id"] for row in after["offers"]}
        after["offers"] = before["offers"]
    assert {**after, "faults": []} == before and len(service.world.calls) == calls
    undo()
    drifting.repair(service)
    assert drifting.faults(service) == [(code, fault["target_kind"], False)]
    assert drifting.codes(service) == []


def test_what_comes_back_is_a_fault_again(service: Service) -> None:
    properties.active(service)
    for _ in range(2):
        undo = node_not_protected(service)
        drifting.repair(service)
        undo()
        drifting.repair(service)
    assert drifting.faults(service) == [("node_not_protected", "server", False)] * 2


def test_the_server_of_one_node_on_another_is_said_and_nothing_is_touched(service: Service) -> None:
    server_id = properties.active(service)
    node = _node(service)
    node.instance_id = None  # type: ignore[attr-defined]
    [other, *_] = [found for found in service.world.nodes.values() if found is not node]
    other.instance_id, other.provision_state = server_id, "active"
    service.sync()
    before = service.world.snapshot()
    assert drifting.fates(service) == [("instance_misplaced", "fault"), ("node_lost", "fault")]
    assert service.world.snapshot() == before


def test_a_fault_is_not_cleared_by_a_look_that_cannot_tell(service: Service) -> None:
    properties.active(service)
    undo = node_not_protected(service)
    drifting.repair(service)
    undo()
    service.world.away("ironic")
    drifting.repair(service)
    assert drifting.faults(service) == [("node_not_protected", "server", True)]
    service.world.back("ironic")
    service.call("PUT", f"/v1/servers/{service.server_id}/states/power", {"target": "off"})  # type: ignore[attr-defined]
    drifting.repair(service)
    assert drifting.faults(service) == [("node_not_protected", "server", True)], "an operation works on it"
    service.work()
    drifting.repair(service)
    assert drifting.faults(service) == [("node_not_protected", "server", False)]


def test_tenants_read_no_names_of_machines(service: Service) -> None:
    server_id = properties.active(service)
    node = _node(service)
    foreign = str(uuid.uuid4())
    node.instance_id, node.protected = foreign, False  # type: ignore[attr-defined]
    drifting.repair(service)
    path = f"/v1/servers/{server_id}/faults"
    seen = str(service.call("GET", path, token=MEMBER).json)
    assert "node_lost" in seen and node.id not in seen and foreign not in seen  # type: ignore[attr-defined]
    assert node.id in str(service.call("GET", path, token=ADMIN).json)  # type: ignore[attr-defined]


@pytest.mark.parametrize("service_name", ["ironic", "neutron"])
def test_an_empty_listing_is_doubted(tmp_path: Path, service_name: str) -> None:
    service = Service(tmp_path)
    try:
        body = service.prepared(nodes=12)
        service.conf.set_override("servers", -1, "quotas")
        service.call("POST", "/v1/servers", {"server": {**body["server"], "min_count": 10, "max_count": 10}})
        service.work()
        (service.world.nodes if service_name == "ironic" else service.world.ports).clear()
        outcome = drifting.repair(service)
        assert list(outcome.untold) == [service_name] and outcome.results == []
    finally:
        service.close()
