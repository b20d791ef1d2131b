# SPDX-License-Identifier: Apache-2.0
"""A world that behaves as Ironic, Neutron and an image service do, held to the same contract tests; for tests and demonstrations."""

from baremetal_svc.gateways.protocols import Gateways
from baremetal_svc.gateways.simulated.images import SimulatedImages
from baremetal_svc.gateways.simulated.ironic import SimulatedIronic
from baremetal_svc.gateways.simulated.limits import SimulatedLimits
from baremetal_svc.gateways.simulated.neutron import SimulatedNeutron
from baremetal_svc.gateways.simulated.world import World

__all__ = ["SimulatedImages", "SimulatedIronic", "SimulatedLimits", "SimulatedNeutron", "World", "gateways"]


def gateways(world: World) -> Gateways:
    """The gateways of one world."""
    return Gateways(
        ironic=SimulatedIronic(world), neutron=SimulatedNeutron(world), images=SimulatedImages(world), limits=SimulatedLimits(world)
    )
