# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about the connections of a server."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Nic = Mapping[str, Any]


def next_index(nics: Sequence[Nic]) -> int:
    """The index of one more NIC: never one that is in use, so that its port has a key of its own."""
    return 1 + max((nic["nic_index"] for nic in nics), default=-1)


def free_card(cards: Iterable[Mapping[str, Any]], nics: Iterable[Nic]) -> str | None:
    """The MAC of the first network card that no NIC has, or None."""
    taken = {nic["mac_address"] for nic in nics}
    return next((card["address"] for card in cards if card["address"] not in taken), None)


def reachable(nics: Iterable[Nic], floating_ip: str, fixed_ip: str | None) -> tuple[Nic, str] | None:
    """The NIC, and its address, that a floating IP is pointed at.

    With no address named: the first IPv4 address of the NIC that has it already, or of one that has no floating IP.
    """
    for nic in sorted(nics, key=lambda nic: nic["floating_ip"] != floating_ip):
        for address in (ip["ip_address"] for ip in nic["fixed_ips"]):
            if address == fixed_ip or (fixed_ip is None and nic["floating_ip"] in (None, floating_ip) and ":" not in address):
                return nic, address
    return None


def holders(nics: Iterable[Nic], floating_ip: str, port_id: str | None) -> list[Nic]:
    """The NICs that have a floating IP by our rows, or by its port, where Neutron has it: a request that died half-way left them apart."""
    return [nic for nic in nics if nic["floating_ip"] == floating_ip or (port_id is not None and nic["port_id"] == port_id)]
