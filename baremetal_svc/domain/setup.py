# SPDX-License-Identifier: Apache-2.0
"""How a machine is set up for a server: what its flavor said of traits, boot mode and RAID when the server was asked for."""

from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from typing import Any

#: As Ironic's capability boot_mode has them.
BOOT_MODES = ("bios", "uefi")


@dataclass(frozen=True, slots=True)
class Condition:
    """What facts of a node have to say. :ivar name: for the explanation. :ivar has: whether the node must have the fact, or must not."""

    name: str
    fact: str
    has: bool = True

    def holds(self, facts: Set[str]) -> bool:
        """Of a node with these facts (see domain.facts)."""
        return (self.fact in facts) == self.has


@dataclass(frozen=True, slots=True)
class Setup:
    """What a machine must have, and how Ironic makes it ready.

    :ivar boot_mode: bios or uefi; None: as the machine is. :ivar raid: Ironic's target RAID configuration; {}: disks as they are.
    :ivar nics: how many network cards it must have at least; 0 and 1 ask for nothing.
    """

    traits: tuple[str, ...] = ()
    boot_mode: str | None = None
    raid: Mapping[str, Any] = field(default_factory=dict)
    nics: int = 0

    @classmethod
    def of_flavor(cls, flavor: Mapping[str, Any]) -> "Setup":
        """What the flavor says now."""
        return cls(tuple(sorted(flavor["resource_traits"] or {})), flavor["boot_mode"], flavor["raid"] or {})

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> "Setup":
        """From its document(); what an older release wrote has none."""
        known = document or {}
        return cls(tuple(known.get("traits", ())), known.get("boot_mode"), known.get("raid", {}), known.get("nics", 0))

    def document(self) -> dict[str, Any]:
        """As JSON, without what is not set."""
        found = {"traits": list(self.traits), "boot_mode": self.boot_mode, "raid": dict(self.raid), "nics": self.nics}
        return {name: value for name, value in found.items() if value}

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """On nodes that will do. One of which nothing is known boots in any mode, since Ironic sets it, and has network cards enough."""
        traits = tuple(Condition(f"has the trait {trait}", f"trait:{trait}") for trait in self.traits)
        others = [mode for mode in BOOT_MODES if mode != self.boot_mode] if self.boot_mode else []
        modes = (Condition(f"boots in {self.boot_mode} mode", f"capability:boot_mode={mode}", has=False) for mode in others)
        # By the exact number, since facts have no order.
        fewer = range(1, self.nics)
        cards = (Condition(f"has more than {count} network card{'s' if count > 1 else ''}", f"nics:{count}", has=False) for count in fewer)
        return (*traits, *modes, *cards)

    def told(self, instance_info: Mapping[str, Any]) -> dict[str, Any]:
        """What Ironic is told of the image, and of this: it checks the traits once more, and sets the boot mode."""
        traits = {"traits": list(self.traits)} if self.traits else {}
        mode = {"capabilities": {**instance_info.get("capabilities", {}), "boot_mode": self.boot_mode}} if self.boot_mode else {}
        return {**instance_info, **traits, **mode}
