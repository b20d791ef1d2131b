# SPDX-License-Identifier: Apache-2.0
"""How a simulated node changes by itself, as Ironic 39 does it with fake hardware and automated cleaning."""

from typing import TYPE_CHECKING

from baremetal_svc.gateways.simulated.state import SimulatedNode

if TYPE_CHECKING:
    from baremetal_svc.gateways.simulated.world import World

OUTCOMES = ("deploy", "undeploy", "clean", "power")
_AFTER_POWER = {"power on": "power on", "power off": "power off", "rebooting": "power on"}


def start(world: "World", node: SimulatedNode, kind: str, state: str, target: str) -> None:
    """Begin a transition through ``state`` to ``target``."""
    node.provision_changes += 1
    node.provision_state, node.target_provision_state, node.last_error = state, target, None
    node.ends_at = world.now + world.delays[kind]


def start_power(world: "World", node: SimulatedNode, target: str) -> None:
    """Begin a change of power. For a reboot Ironic shows the target "power on"."""
    node.target_power_state = _AFTER_POWER[target.replace("soft ", "")]
    node.power_ends_at = world.now + world.delays["power"]


def end_due(world: "World", node: SimulatedNode) -> None:
    """End what is due by the world's clock."""
    if node.power_ends_at is not None and node.power_ends_at <= world.now:
        _end_power(world, node)
    if node.ends_at is not None and node.ends_at <= world.now:
        _end(world, node)


def end_all(world: "World", node: SimulatedNode) -> None:
    """End all of it now, one after the other."""
    if node.power_ends_at is not None:
        _end_power(world, node)
    while node.ends_at is not None:
        _end(world, node)


def _end_power(world: "World", node: SimulatedNode) -> None:
    if world.ends_badly("power", node.id):
        node.last_error = "Failed to change power state"
    else:
        node.power_state = node.target_power_state
    node.target_power_state = node.power_ends_at = None


def _end(world: "World", node: SimulatedNode) -> None:
    node.ends_at = None
    node.provision_changes += 1
    ends = {"deploying": _end_deploy, "deleting": _end_tear_down, "cleaning": _end_cleaning}
    ends[node.provision_state](world, node)


def _end_deploy(world: "World", node: SimulatedNode) -> None:
    if world.ends_badly("deploy", node.id):
        # Ironic keeps the target, the instance and its VIFs.
        node.provision_state, node.last_error = "deploy failed", "Deploy step deploy failed"
        return
    node.provision_state, node.target_provision_state, node.power_state = "active", None, "power on"
    node.raid, node.target_raid = node.target_raid or node.raid, {}


def _end_tear_down(world: "World", node: SimulatedNode) -> None:
    failed = world.ends_badly("undeploy", node.id)
    # Ironic clears these even when tear-down failed.
    node.instance_id, node.instance_info, node.vifs = None, {}, []
    if failed:
        node.provision_state, node.target_provision_state, node.last_error = "error", None, "Failed to tear down"
        return
    node.power_state = "power off"
    start(world, node, "clean", "cleaning", "available")


def _end_cleaning(world: "World", node: SimulatedNode) -> None:
    if world.ends_badly("clean", node.id):
        node.provision_state, node.maintenance, node.last_error = "clean failed", True, "Clean step failed"
        return
    node.provision_state, node.target_provision_state = "available", None
