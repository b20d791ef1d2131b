# SPDX-License-Identifier: Apache-2.0
"""What the bus may ask of a conductor: to look for due operations."""

from collections.abc import Callable
from typing import Any


class Endpoint:
    """The RPC endpoint. A message is only a wake-up: the id in it is for the logs of the bus."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def run(self, context: dict[str, Any], operation_id: str) -> None:
        """Look for due operations now."""
        self._wake()
