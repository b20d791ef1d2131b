# SPDX-License-Identifier: Apache-2.0
"""What is in order, or under way, is no finding: at rest, and at every moment of what the service does."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from baremetal_svc.db import models
from baremetal_svc.gateways import simulated
from tests.fixtures import drifting, properties
from tests.fixtures.service import ADMIN, Service


@contextmanager
def watched(service: Service) -> Iterator[list[int]]:
    """Let the reconciler look, and repair, after every transaction and every request to the outside; how often it has looked."""
    looks, looking, wrong = [0], [False], []
    write, request = service.db.write, service.world.request

    def look() -> None:
        if looking[0]:
            return
        looking[0] = True
        before = drifting.everything(service)
        found = [(result.finding.code, result.finding.detail) for result in drifting.repair(service).results]
        # Collected, not raised: a flow would take it for the failure of its task.
        if found or drifting.everything(service) != before:
            wrong.append(found)
        looks[0] += 1
        looking[0] = False

    @contextmanager
    def writing() -> Iterator[Any]:
        with write() as conn:
            yield conn
        look()

    @contextmanager
    def asking(*args: Any) -> Iterator[Any]:
        with request(*args) as accept:
            yield accept
        look()

    service.db.write, service.world.request = writing, asking  # type: ignore[method-assign]
    try:
        yield looks
    finally:
        service.db.write, service.world.request = write, request  # type: ignore[method-assign]
    assert wrong == []


def test_a_service_at_rest_has_no_findings(service: Service) -> None:
    properties.active(service)
    before = drifting.everything(service)
    outcome = drifting.repair(service)
    assert (outcome.results, outcome.untold) == ([], {})
    assert outcome.looked_at["servers"] == outcome.looked_at["claims"] == outcome.looked_at["neutron_ports"] == 1
    assert drifting.everything(service) == before


def _power(service: Service) -> None:
    assert service.call("PUT", f"/v1/servers/{service.server_id}/states/power", {"target": "off"}).status == 202  # type: ignore[attr-defined]


def _rebuild(service: Service) -> None:
    body = {"target": "rebuild", "image_uuid": service.world.add_image("new")}
    assert service.call("PUT", f"/v1/servers/{service.server_id}/states/provision", body).status == 202  # type: ignore[attr-defined]


def _attach(service: Service) -> None:
    path = f"/v1/servers/{service.server_id}/networks/interfaces"  # type: ignore[attr-defined]
    assert service.call("POST", path, {"net_id": service.network}).status == 204


def _attach_own(service: Service) -> None:
    path = f"/v1/servers/{service.server_id}/networks/interfaces"  # type: ignore[attr-defined]
    own = service.gateways.neutron.add_port(service.network, "red")
    assert service.call("POST", path, {"port_id": own}).status == 204


def _detach(service: Service) -> None:
    path = f"/v1/servers/{service.server_id}/networks"  # type: ignore[attr-defined]
    [nic, *_] = service.call("GET", path).json["nics"]
    assert service.call("DELETE", f"{path}/interfaces/{nic['port_id']}").status == 204


def _delete(service: Service) -> None:
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]


PHASES: list[Callable[[Service], None]] = [_power, _rebuild, _attach, _attach_own, _detach, _delete]


@pytest.mark.parametrize("phase", PHASES, ids=lambda phase: phase.__name__)
def test_nothing_is_found_while_a_server_changes(service: Service, phase: Callable[[Service], None]) -> None:
    properties.active(service)
    with watched(service) as looks:
        phase(service)
        properties.finish(service)
    assert looks[0] > 10
    assert drifting.codes(service) == []


def test_nothing_is_found_while_a_server_is_made(service: Service) -> None:
    with watched(service) as looks:
        properties.create(service)
        service.work()
    assert looks[0] > 30


@pytest.mark.parametrize("what", ["deploy", "create_port", "attach_vif"])
def test_nothing_is_found_while_a_create_fails_and_is_undone(service: Service, what: str) -> None:
    if what == "deploy":
        service.world.fail_next(what, times=99)
    else:
        service.world.fail_next(what, times=99, error=properties.OutsideRefused("no"))
    with watched(service):
        server = properties.create(service)
        properties.finish(service)
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "error"
    assert drifting.codes(service) == []


@pytest.mark.parametrize("what", ["deploy", "undeploy", "clean", "power"])
def test_what_fails_is_no_drift(service: Service, what: str) -> None:
    properties.active(service)
    service.world.fail_next(what)
    with watched(service):
        (_rebuild if what == "deploy" else _power if what == "power" else _delete)(service)
        service.work()
    assert drifting.codes(service) == []


def test_nothing_is_found_while_machines_are_slow(tmp_path: Path) -> None:
    service = Service(tmp_path, world=simulated.World(instant=False))
    try:
        server_id = properties.create(service)["uuid"]
        with watched(service):
            for asked in (False, True):
                if asked:
                    service.call("DELETE", f"/v1/servers/{server_id}")
                for _ in range(4):
                    service.work()
                    service.world.tick()
                    service.sync()
                    service.pass_time(5)
        assert service.rows(models.Server) == []
    finally:
        service.close()


def test_nothing_is_found_while_a_machine_is_adopted_and_let_go(service: Service) -> None:
    network = service.world.add_network()
    port = service.gateways.neutron.add_port(network, "red")
    image = {"image_source": service.world.add_image()}
    [node] = service.world.add_nodes(1, provision_state="active", power_state="power on", instance_info=image, vifs=[port])
    service.sync()
    with watched(service) as looks:
        body = {"name": "old", "node_uuid": node, "project_id": "red"}
        server_id = service.call("POST", "/v1/manageable_servers", body, token=ADMIN).json["uuid"]
        service.work()
        assert service.call("GET", f"/v1/servers/{server_id}", token=ADMIN).json["status"] == "active"
        assert service.call("DELETE", f"/v1/manageable_servers/{server_id}", token=ADMIN).status == 204
        service.work()
    assert looks[0] > 30 and service.rows(models.Server) == []
    assert service.world.ports[port].device_id == ""


def test_another_look_finds_what_the_first_found_and_neither_changes_anything(service: Service) -> None:
    """Without --repair."""
    server_id = properties.active(service)
    drifting.lose(service, models.Server, models.Server.__table__.c.id == server_id)
    before = drifting.everything(service)
    first = drifting.look(service)
    assert first and drifting.look(service) == first
    assert drifting.everything(service) == before


def test_the_machines_and_ports_of_another_system_are_left_alone(service: Service) -> None:
    """Nova's: instance_uuid without our marker, ports with another device_owner, whatever state they are in."""
    properties.active(service)
    foreign = "0f0e0000-0000-4000-8000-000000000001"
    own = service.gateways.neutron.add_port(service.network, "blue", device_id=foreign)
    for state in ("active", "error", "deploying", "available"):
        service.world.add_nodes(1, provision_state=state, instance_id=f"{foreign[:-1]}{len(state)}", instance_info={"image_source": "x"})
    service.world.add_nodes(1, provision_state="active", vifs=[own])
    service.sync()
    before, calls = service.world.snapshot(), len(service.world.calls)
    assert drifting.fates(service) == []
    assert (service.world.snapshot(), len(service.world.calls)) == (before, calls)
