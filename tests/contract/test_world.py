# SPDX-License-Identifier: Apache-2.0
"""What the simulated world offers to tests besides the protocols: time, faults, absence, records."""

import pytest

from baremetal_svc.domain.errors import OutsideRefused, Unavailable
from baremetal_svc.gateways import sending, simulated
from baremetal_svc.gateways.simulated import World


def make(**options: object) -> tuple[World, simulated.SimulatedIronic, simulated.SimulatedNeutron, str]:
    world = World(**options)  # type: ignore[arg-type]
    return world, simulated.SimulatedIronic(world), simulated.SimulatedNeutron(world), world.add_nodes(2)[0]


def state(world: World, node_id: str) -> str:
    return world.nodes[node_id].provision_state


def test_transitions_take_their_ticks() -> None:
    world, ironic, _, node = make(instant=False, delays={"deploy": 2})
    ironic.bind_node(node, "s", {})
    ironic.deploy(node, "s")
    list(ironic.list_nodes())
    world.tick()
    assert state(world, node) == "deploying" and ironic.undeploy(node, "s") is False
    with pytest.raises(Unavailable):
        ironic.attach_vif(node, "s", "p")
    with pytest.raises(OutsideRefused):
        ironic.set_config_drive(node, "s", {})
    world.tick()
    assert state(world, node) == "active"
    assert ironic.undeploy(node, "s") is True
    world.tick()
    assert state(world, node) == "cleaning" and world.nodes[node].instance_id is None
    world.tick()
    assert state(world, node) == "available"


def test_power_takes_a_tick() -> None:
    world, ironic, _, node = make(instant=False)
    ironic.bind_node(node, "s", {})
    ironic.set_power(node, "s", "power on")
    assert world.nodes[node].target_power_state == "power on"
    world.tick()
    assert (world.nodes[node].power_state, world.nodes[node].target_power_state) == ("power on", None)


@pytest.mark.parametrize(("what", "ends"), [("deploy", "deploy failed"), ("undeploy", "error"), ("clean", "clean failed")])
def test_what_is_accepted_may_end_badly(what: str, ends: str) -> None:
    world, ironic, _, node = make()
    world.fail_next(what, node=node)
    ironic.bind_node(node, "s", {})
    ironic.deploy(node, "s")
    list(ironic.list_nodes())
    if what != "deploy":
        assert ironic.undeploy(node, "s")
        list(ironic.list_nodes())
    assert state(world, node) == ends
    assert world.nodes[node].instance_id == ("s" if what == "deploy" else None)


def test_failed_deploy_is_refused_and_undeployed() -> None:
    world, ironic, _, node = make()
    world.fail_next("deploy")
    ironic.bind_node(node, "s", {})
    ironic.deploy(node, "s")
    list(ironic.list_nodes())
    with pytest.raises(OutsideRefused, match="deploy failed"):
        ironic.deploy(node, "s")
    assert ironic.undeploy(node, "s")
    list(ironic.list_nodes())
    assert state(world, node) == "available"


def test_absence_locks_and_lost_answers() -> None:
    world, ironic, neutron, node = make()
    world.away("ironic")
    with pytest.raises(Unavailable):
        ironic.ping()
    neutron.ping()
    world.back("ironic")
    world.lock_node(node)
    with pytest.raises(Unavailable, match="locked"):
        ironic.bind_node(node, "s", {})
    assert world.calls == [] and world.snapshot() == frozenset()
    world.fail_next("bind_node", after=True)
    with pytest.raises(Unavailable):
        ironic.bind_node(node, "s", {})
    assert [method for method, _ in world.calls] == ["bind_node"] and ("instance_uuid", node, "s") in world.snapshot()


def test_quota_and_snapshot() -> None:
    world, _, neutron, _ = make(port_quota=1)
    network = world.add_network()
    before = world.snapshot()
    key = {"server_id": "s", "claim_id": "c", "network_id": network, "project_id": "p", "mac_address": None, "hostname": "h"}
    port = neutron.create_port(**key, index=0)  # type: ignore[arg-type]
    with pytest.raises(OutsideRefused, match="Quota"):
        neutron.create_port(**key, index=1)  # type: ignore[arg-type]
    assert world.snapshot() != before
    neutron.release_port(port.id, preserve=False)
    assert world.snapshot() == before


def test_the_check_before_sending_runs_here_too() -> None:
    _, ironic, _, _ = make()

    def stop() -> None:
        raise KeyboardInterrupt

    with sending.checked(stop), pytest.raises(KeyboardInterrupt):
        ironic.ping()
