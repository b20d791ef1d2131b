# SPDX-License-Identifier: Apache-2.0
"""The config drive: what the machine learns at its first boot. Format: OpenStack metadata, network_data.json (cloud-init documentation)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Link:
    """A NIC of the server: its Neutron port and addresses ({"subnet_id", "ip_address"}, ...)."""

    port_id: str
    network_id: str
    mac_address: str | None
    fixed_ips: Sequence[Mapping[str, str]]
    mtu: int | None = None


def meta_data(server: Mapping[str, Any], public_keys: Mapping[str, str], admin_password: str | None = None) -> dict[str, Any]:
    """meta_data.json of a server row (id, name, project_id, availability_zone, metadata); the keys by name, certificates in PEM."""
    return {
        **({} if admin_password is None else {"admin_pass": admin_password}),
        "uuid": server["id"],
        "name": server["name"],
        "hostname": hostname(server["name"], server["id"]),
        "project_id": server["project_id"],
        "availability_zone": server["availability_zone"] or "",
        "meta": dict(server["metadata"]),
        # Linux writes these into authorized_keys as they are; certificates are for Windows, which reads the other list.
        "public_keys": {name: data for name, data in public_keys.items() if _key_type(data) == "ssh"},
        "keys": [{"name": name, "type": _key_type(data), "data": data} for name, data in public_keys.items()],
    }


def _key_type(public: str) -> str:
    return "x509" if public.startswith("-----BEGIN CERTIFICATE-----") else "ssh"


def network_data(links: Sequence[Link]) -> dict[str, Any]:
    """network_data.json: a physical link for each NIC, DHCP on each address family that it has."""
    return {
        "links": [
            {"id": f"nic{index}", "type": "phy", "ethernet_mac_address": link.mac_address, "vif_id": link.port_id, "mtu": link.mtu}
            for index, link in enumerate(links)
        ],
        "networks": [
            {"id": f"network{index}-{number}", "link": f"nic{index}", "network_id": link.network_id, "type": _family(address["ip_address"])}
            for index, link in enumerate(links)
            for number, address in enumerate(link.fixed_ips)
        ],
        "services": [],
    }


def vendor_data(files: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """vendor_data.json that has cloud-init write files ({"path", "contents" in base64}) before it runs the user's own data.

    Ironic builds the drive and takes no further files into it; the user data stays the user's. Source: cloud-init documentation.
    """
    written = [{"path": file["path"], "content": file["contents"], "encoding": "b64"} for file in files]
    return {"cloud-init": "#cloud-config\n" + json.dumps({"write_files": written})}


def hostname(name: str, server_id: str) -> str:
    """A valid host name (RFC 1123) out of a free name; falls back to the id where nothing is left."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c == "-") else "-" for c in name.lower()).strip("-")[:63].strip("-")
    return kept or f"server-{server_id}"


def _family(address: str) -> str:
    return "ipv6_dhcp" if ":" in address else "ipv4_dhcp"
