# SPDX-License-Identifier: Apache-2.0
"""How an operation reads as events. The words are those of the notifications."""

from collections.abc import Iterator, Mapping
from typing import Any

_ENDS = {"done": "end", "failed": "error", "cancelled": "error"}


def events_of(operation: Mapping[str, Any]) -> Iterator[tuple[str, float, Mapping[str, Any] | None]]:
    """(name, seconds since the epoch, error) of each event of an operation, the newest first."""
    end = _ENDS.get(operation["state"])
    if end is not None:
        yield f"{operation['kind']}.{end}", operation["ended_at"], operation["error"]
    yield f"{operation['kind']}.start", operation["created_at"], None
