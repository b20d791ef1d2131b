# SPDX-License-Identifier: Apache-2.0
"""A pool: a named expression over what is known of nodes, see domain.facts."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """all of, any of, none of: terms. The empty expression holds for every node."""

    all: frozenset[str] = frozenset()
    any: frozenset[str] = frozenset()
    none: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *, all: Iterable[str] = (), any: Iterable[str] = (), none: Iterable[str] = ()) -> "Expression":
        """Build it from any iterables of terms."""
        return cls(frozenset(all), frozenset(any), frozenset(none))

    def holds(self, terms: frozenset[str]) -> bool:
        """True when a node with these tags and facts is a member."""
        return self.all <= terms and (not self.any or bool(self.any & terms)) and not (self.none & terms)
