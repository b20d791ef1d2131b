# SPDX-License-Identifier: Apache-2.0
"""The protocol Limits on the simulated world."""

from collections.abc import Mapping

from baremetal_svc.gateways.simulated.world import World


class SimulatedLimits:
    """See the protocol."""

    def __init__(self, world: World) -> None:
        self._world = world

    def of_project(self, project_id: str) -> Mapping[str, int]:
        """See the protocol."""
        with self._world.request("limits", "of_project"):
            own = {resource: limit for (project, resource), limit in self._world.project_limits.items() if project == project_id}
            return {**self._world.registered_limits, **own}
