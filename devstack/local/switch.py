# SPDX-License-Identifier: Apache-2.0
"""What the fake switches have done, read from Neutron's log, where networking-generic-switch writes each command.

The log does not name the switch: cable every port of a test to a name of its own, on sw1.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from devstack.local import layout

LINK = {"switch_id": "00:53:00:0a:0a:01", "switch_info": "sw1"}  # local_link_connection, with a port_id of yours
_COMMAND = re.compile(r"(?:plug port (?P<plugged>\S+) to network (?P<vlan>\d+)|delete port (?P<freed>\S+))\s*$")


@dataclass(frozen=True)
class Event:
    """A port was put into a VLAN, or freed (`vlan` None)."""

    port: str
    vlan: int | None


class SwitchLog:
    """The commands since this object was made, or since the first if `from_start`; the file is only read."""

    def __init__(self, from_start: bool = False, path: Path = layout.LOG / "neutron.log") -> None:
        self.path = path
        self.offset = 0 if from_start or not path.exists() else path.stat().st_size

    def events(self, port: str | None = None) -> list[Event]:
        """The commands in their order, of one port or of all."""
        found = []
        with open(self.path, "rb") as log:
            log.seek(self.offset)
            text = log.read().decode(errors="replace")
        for line in text.splitlines():
            match = _COMMAND.search(line)
            if match:
                vlan = match["vlan"]
                found.append(Event(match["plugged"] or match["freed"], None if vlan is None else int(vlan)))
        return [event for event in found if port in (None, event.port)]

    def vlans(self) -> dict[str, int]:
        """The VLAN of each port that has one now."""
        state: dict[str, int | None] = {event.port: event.vlan for event in self.events()}
        return {port: vlan for port, vlan in state.items() if vlan is not None}
