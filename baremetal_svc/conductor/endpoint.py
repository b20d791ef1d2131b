# SPDX-License-Identifier: Apache-2.0
"""What the bus may ask of a conductor: to look for due operations, or at Ironic. What a message says is not believed, only looked up."""

from collections.abc import Callable
from typing import Any


class Endpoint:
    """The RPC endpoint. A message is only a wake-up: the id in it is for the logs of the bus."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def run(self, context: dict[str, Any], operation_id: str) -> None:
        """Look for due operations now."""
        self._wake()


class Notified:
    """The notification endpoint for Ironic's changes of provision and power states."""

    def __init__(self, hint: Callable[[], None]) -> None:
        self._hint = hint

    def info(self, context: dict[str, Any], publisher: str, event: str, payload: Any, metadata: Any) -> None:
        """Something has ended or begun."""
        self._hint()

    error = info
