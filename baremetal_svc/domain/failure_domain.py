# SPDX-License-Identifier: Apache-2.0
"""The path of places in which a node stands, such as dc1/room2/row3/rack7: what shares a prefix fails together."""

from collections.abc import Sequence


def prefixes(path: str) -> list[str]:
    """Every place that the path leads through, the widest first: dc1, dc1/room2, ..."""
    names = [name for name in path.split("/") if name]
    return ["/".join(names[: depth + 1]) for depth in range(len(names))]


def place(path: str, levels: Sequence[str], level: str) -> str | None:
    """The path down to a level, by the names of the levels from the widest on; None where the path does not go so far.

    :raises ValueError: there is no such level.
    """
    found = prefixes(path)
    depth = levels.index(level)
    return found[depth] if depth < len(found) else None
