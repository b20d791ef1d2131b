# SPDX-License-Identifier: Apache-2.0
"""networks.attach and networks.detach: the properties of every flow, for a network and for a tenant's own port."""

from pathlib import Path

import pytest

from baremetal_svc.domain.errors import OutsideRefused
from tests.fixtures import properties
from tests.fixtures.properties import Scenario
from tests.fixtures.service import Service


def _path(service: Service) -> str:
    return f"/v1/servers/{service.server_id}/networks"  # type: ignore[attr-defined]


def _attach(service: Service, *, own: bool) -> None:
    body = {"port_id": service.own} if own else {"net_id": service.network}  # type: ignore[attr-defined]
    assert service.call("POST", f"{_path(service)}/interfaces", body).status == 204


def _detach(service: Service) -> None:
    # A NIC that failed to detach is listed again.
    nic = service.call("GET", _path(service)).json["nics"][-1]
    assert service.call("DELETE", f"{_path(service)}/interfaces/{nic['port_id']}").status == 204


def _active(service: Service) -> None:
    properties.active(service)
    service.own = service.gateways.neutron.add_port(service.network, "red")  # type: ignore[attr-defined]


def _attached(service: Service, *, own: bool) -> None:
    _active(service)
    _attach(service, own=own)
    service.work()
    assert len(service.call("GET", _path(service)).json["nics"]) == 2
    service.world.calls.clear()


def _scenario(kind: str, *, own: bool) -> Scenario:
    if kind == "networks.attach":
        return Scenario(
            kind, lambda service: (_active(service), _attach(service, own=own)) and None, lambda service: _attach(service, own=own)
        )
    return Scenario(kind, lambda service: (_attached(service, own=own), _detach(service)) and None, _detach)


SCENARIOS = [_scenario(kind, own=own) for kind in ("networks.attach", "networks.detach") for own in (False, True)]
EACH = pytest.mark.parametrize("scenario", SCENARIOS, ids=[f"{s.kind}-{i % 2}" for i, s in enumerate(SCENARIOS)])


@EACH
def test_running_each_execute_twice_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    properties.check_execute_twice(tmp_path, scenario)


@pytest.mark.parametrize("own", [False, True])
def test_an_attachment_that_fails_anywhere_is_undone(tmp_path: Path, own: bool) -> None:
    properties.check_fail_anywhere(tmp_path, _scenario("networks.attach", own=own), undone=True)


@pytest.mark.parametrize("own", [False, True])
def test_a_detachment_that_failed_completes_when_it_is_asked_for_again(tmp_path: Path, own: bool) -> None:
    scenario = _scenario("networks.detach", own=own)

    def again(service: Service) -> None:
        # After the last task the NIC is gone though the operation failed: nothing is left to ask for.
        if len(service.call("GET", _path(service)).json["nics"]) == 2:
            _detach(service)

    properties.check_fail_anywhere(tmp_path, Scenario(scenario.kind, scenario.prepare, again), undone=False)


def test_a_delete_takes_what_was_attached_with_it(service: Service) -> None:
    before = service.world.snapshot()
    _active(service)
    first = service.call("GET", _path(service)).json["nics"][0]["port_id"]
    _attach(service, own=True)
    service.work()
    assert service.call("DELETE", f"{_path(service)}/interfaces/{first}").status == 204
    service.work()
    _attach(service, own=False)
    service.work()
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]
    properties.finish(service)
    kept = ("port", service.own, service.network, "red", "", "the tenant's own")  # type: ignore[attr-defined]
    assert service.world.snapshot() == before | {kept}


def test_a_delete_cuts_an_attachment_short(service: Service) -> None:
    _active(service)
    _attach(service, own=False)
    assert service.call("DELETE", f"/v1/servers/{service.server_id}").status == 204  # type: ignore[attr-defined]
    properties.finish(service)
    assert {kind for kind, *_ in service.world.snapshot()} == {"port"}
    assert all(port.device_id == "" for port in service.world.ports.values())


def test_an_undo_that_is_refused_is_tried_again_until_it_is_done(service: Service) -> None:
    """A refusal in a revert ended the flow in REVERT_FAILURE: what came before was never undone, and the server stayed blocked."""
    _active(service)
    before = service.world.snapshot()
    service.world.fail_next("attach_vif", error=OutsideRefused("no"))
    service.world.fail_next("release_port", error=OutsideRefused("not now"))
    _attach(service, own=False)
    service.work()
    assert [row["kind"] for row in service.live()] == ["networks.attach"]
    service.pass_time(400)
    service.work()
    assert service.live() == []
    assert service.world.snapshot() == before
    assert len(service.call("GET", _path(service)).json["nics"]) == 1
