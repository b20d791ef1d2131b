# SPDX-License-Identifier: Apache-2.0
"""What each target of the API asks of Ironic, and what must be seen at the end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Power:
    """``target`` as Ironic's API names it, and the power state that shows it was reached."""

    kind: str
    target: str
    wanted: str


#: By the target of the contract (PUT /v1/servers/{id}/states/power).
TARGETS = {
    "on": Power("power.start", "power on", "power on"),
    "off": Power("power.stop", "power off", "power off"),
    "soft_off": Power("power.soft_stop", "soft power off", "power off"),
    "reboot": Power("power.reboot", "rebooting", "power on"),
    "soft_reboot": Power("power.soft_reboot", "soft rebooting", "power on"),
}
BY_KIND = {power.kind: power for power in TARGETS.values()}
