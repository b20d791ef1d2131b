# SPDX-License-Identifier: Apache-2.0
"""The protocol Images on the simulated world."""

from baremetal_svc.gateways.protocols import ImageView
from baremetal_svc.gateways.simulated.world import World


class SimulatedImages:
    """See the protocol."""

    def __init__(self, world: World) -> None:
        self._world = world

    def get_image(self, image_id: str, project_id: str, token: str | None = None) -> ImageView | None:
        """See the protocol."""
        with self._world.request("images", "get_image"):
            owner = self._world.private_images.get(image_id, project_id)
            return self._world.images.get(image_id) if owner == project_id else None

    def ping(self) -> None:
        """See the protocol."""
        with self._world.request("images", "ping"):
            pass
