# SPDX-License-Identifier: Apache-2.0
"""Turns resources into what cliff prints: a row of one, a table of many; lists and objects stay such in JSON and YAML."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cliff import columns
from openstack.resource import Resource

Row = tuple[Sequence[str], Sequence[Any]]
Table = tuple[Sequence[str], Iterable[Any]]
Formats = Mapping[str, Any]


class Addresses(columns.FormattableColumn[dict[str, Any]]):
    """network id -> addresses, as NETWORK=ADDRESS, ADDRESS; NETWORK=..."""

    def human_readable(self) -> str:
        """For tables."""
        networks = (self._value or {}).items()
        return "; ".join(f"{network}={', '.join(entry['addr'] for entry in entries)}" for network, entries in networks)


class Steps(columns.FormattableColumn[list[dict[str, Any]]]):
    """One step a line."""

    def human_readable(self) -> str:
        """For tables."""
        return "\n".join(f"{step['name']} {step['state']}" for step in self._value or ())


def row(item: Resource, names: Sequence[str], formats: Formats) -> Row:
    """A resource for ShowOne."""
    return names, [_value(item, name, formats) for name in names]


def table(items: Iterable[Resource], wanted: Sequence[tuple[str, str]], formats: Formats) -> Table:
    """Resources for Lister; wanted: attribute and heading of each column."""
    return [heading for _, heading in wanted], (tuple(_value(item, name, formats) for name, _ in wanted) for item in items)


def records(items: Iterable[Mapping[str, Any]], wanted: Sequence[tuple[str, str]]) -> Table:
    """The same of dictionaries."""
    return [heading for _, heading in wanted], [tuple(item[name] for name, _ in wanted) for item in items]


def _value(item: Resource, name: str, formats: Formats) -> Any:
    value = getattr(item, name)
    return formats[name](value) if name in formats and value is not None else value
