# SPDX-License-Identifier: Apache-2.0
"""The path of places in which a node stands, such as dc1/room2/row3/rack7: what shares a prefix fails together.

An operator's setting comes first, then what Ironic says: properties["failure_domain"], then the switches that inspection saw by LLDP.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from baremetal_svc.domain.errors import Invalid

#: A step of a path that an operator sets.
STEP = r"[A-Za-z0-9_.:\-]{1,60}"
FORM = rf"{STEP}(?:/{STEP}){{0,15}}"
#: Characters of a path that an operator sets: as many as a term of an expression may name.
LONGEST = 200
#: Characters that there is room for.
ROOM = 255
OPERATOR, PROPERTIES, LLDP = "operator", "properties", "lldp"
Switches = Mapping[str, str]
_FORM = re.compile(FORM, re.ASCII)


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


def check(path: str, levels: Sequence[str]) -> None:
    """:raises Invalid: it has another form, or goes deeper than the levels, of which no rule could name the rest."""
    if len(path) > LONGEST or not _FORM.fullmatch(path):
        hint = f"Steps of 1 to 60 of the characters A-Z a-z 0-9 _ . : and - with a slash between them, {LONGEST} characters at most."
        raise Invalid(f"{path[:80]!r} is no failure domain.", hint=hint)
    depth = path.count("/") + 1
    if depth > len(levels):
        hint = f"Levels here are {', '.join(levels)} ([scheduler] failure_domain_levels)."
        raise Invalid(f"The failure domain {path} has {depth} steps, and there are {len(levels)} levels.", hint=hint)


def of_properties(properties: Mapping[str, Any]) -> str:
    """What Ironic's properties say; "" for nothing, or for more than there is room for."""
    found = properties.get("failure_domain")
    path = "" if found is None else str(found)
    return path if len(path) <= ROOM else ""


def of_ironic(properties: Mapping[str, Any], ports: Iterable[Mapping[str, Any]], switches: Switches) -> str:
    """What Ironic says of a node; "" for nothing.

    :param ports: with the names of the "switches" behind them. :param switches: name -> path.
    """
    return of_properties(properties) or _common([path for port in ports if (path := _behind(port, switches))])


def source(own: str | None, path: str, properties: Mapping[str, Any]) -> str | None:
    """Where the path of a node comes from; None where it has none. :param own: the operator's setting."""
    if own is not None:
        return OPERATOR
    if not path:
        return None
    return PROPERTIES if of_properties(properties) else LLDP


def by_switch(entries: Iterable[str]) -> dict[str, str]:
    """The option [scheduler] switch_domains, "SWITCH=PATH" each. :raises ValueError: the option is named."""
    found = {}
    for entry in entries:
        switch, _, path = (part.strip() for part in entry.rpartition("="))
        if not switch or len(path) > LONGEST or not _FORM.fullmatch(path):
            raise ValueError(f"[scheduler] switch_domains has {entry!r}: SWITCH=PATH is wanted, such as tor-7a=dc1/room2/row3/rack7.")
        found[switch] = path
    return found


def _behind(port: Mapping[str, Any], switches: Switches) -> str | None:
    return next((switches[name] for name in port.get("switches", ()) if name in switches), None)


def _common(paths: Sequence[str]) -> str:
    """How far all paths lead the same way: a node at two switches of a rack stands in the rack."""
    ways = [prefixes(path) for path in paths]
    return next((step[0] for step in reversed(list(zip(*ways, strict=False))) if len(set(step)) == 1), "")
