# SPDX-License-Identifier: Apache-2.0
"""A pool: a named expression over the tags of nodes."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """all of, any of, none of: tags. The empty expression holds for every node."""

    all: frozenset[str] = frozenset()
    any: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, all: Iterable[str] = (), any: Iterable[str] = (), none: Iterable[str] = ()) -> "Expression":
        """Build it from any iterables of tags."""
        return cls(frozenset(all), frozenset(any), frozenset(none))

    def holds(self, tags: frozenset[str]) -> bool:
        """True when a node with these tags is a member."""
        return self.all <= tags and (not self.any or bool(self.any & tags)) and not (self.none & tags)
