# SPDX-License-Identifier: Apache-2.0
"""What stands behind the protocols where there is no Neutron and no Glance: one flat network, and images from a file.

FlatNetwork allocates nothing: no address, no isolation of projects, MACs as the machines have them; all nodes are on one wire,
addressed by something else.
Its ports are names computed from server, claim and index, remembered nowhere: the same after a restart, never listed, nothing to release.
"""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.gateways.protocols import FloatingIpView, ImageView, NetworkView, NicView

# Attributes of the file -> what Ironic reads in instance_info.
_FOR_IRONIC = {
    "url": "image_source",
    "checksum": "image_checksum",
    "os_hash_algo": "image_os_hash_algo",
    "os_hash_value": "image_os_hash_value",
    "disk_format": "image_disk_format",
    "image_type": "image_type",
    "kernel": "kernel",
    "ramdisk": "ramdisk",
}
_SIZES = ("size", "min_disk")
_KNOWN = {"id", "name", "properties", *_FOR_IRONIC, *_SIZES}
_SCHEMES = ("http://", "https://", "file:///", "oci://")


class FlatNetwork:
    """The protocol Neutron with one network that every project may use."""

    def __init__(self, *, network_id: str, name: str, subnet_id: str) -> None:
        self._network = NetworkView(network_id, name, "", True, (subnet_id,))

    def get_network(self, network_id: str, project_id: str, token: str | None = None) -> NetworkView | None:
        """The network, by its id."""
        return self._network if network_id == self._network.id else None

    def find_port(self, server_id: str, claim_id: str, index: int) -> NicView | None:
        """The port of this key: it can always be computed, so it is there even before create_port."""
        return self._nic(server_id, claim_id, index, "")

    def create_port(
        self, *, server_id: str, claim_id: str, index: int, network_id: str, project_id: str, mac_address: str | None, hostname: str
    ) -> NicView:
        """The computed port, with the MAC that the machine's own NIC has anyway. :raises OutsideRefused: another network."""
        if network_id != self._network.id:
            raise OutsideRefused(
                f"there is no network {network_id}", hint=f"The only network is {self._network.id} ({self._network.name})."
            )
        return self._nic(server_id, claim_id, index, project_id, mac_address)

    def _nic(self, server_id: str, claim_id: str, index: int, project_id: str, mac_address: str | None = None) -> NicView:
        port_id = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self._network.id}/{server_id}/{claim_id}/{index}"))
        return NicView(port_id, self._network.id, project_id, mac_address, (), server_id)

    def attach_port(self, port_id: str, *, server_id: str, project_id: str) -> NicView:
        """:raises OutsideRefused: always; nobody can make a port here beforehand."""
        raise OutsideRefused("the flat network has no ports that could be attached", hint=f"Name the network {self._network.id} instead.")

    def get_port(self, port_id: str, token: str | None = None) -> NicView | None:
        """None: ports are remembered nowhere."""
        return None

    def list_ports(self, server_id: str, claim_id: str | None = None) -> list[NicView]:
        """Nothing: ports are remembered nowhere, so nothing is left behind either."""
        return []

    def survey_ports(self) -> None:
        """None: ports are remembered nowhere."""
        return None

    def release_port(self, port_id: str, *, preserve: bool) -> None:
        """Nothing to release."""

    def disown_port(self, port_id: str) -> None:
        """Nothing to note."""

    def find_floating_ip(self, address: str, project_id: str, token: str | None = None) -> FloatingIpView | None:
        """None: there are none."""
        return None

    def set_floating_ip(self, floating_ip_id: str, port_id: str | None, fixed_ip: str | None, token: str | None = None) -> None:
        """:raises OutsideRefused: always."""
        raise OutsideRefused("the flat network has no floating IPs", hint="Configure Neutron to have them.")

    def ping(self) -> None:
        """Always there."""


class ImagesFile:
    """The protocol Images from a file, read once: a change needs a restart. Every project may use every image."""

    def __init__(self, path: str) -> None:
        """:raises ValueError: naming the file, the image and what is wrong with it."""
        try:
            content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        except OSError as error:
            raise ValueError(f"images file {path}: {error.strerror}") from error
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ValueError(f"images file {path} is neither YAML nor JSON: {str(error).splitlines()[0]}") from error
        entries = content.get("images") if isinstance(content, dict) else None
        if not isinstance(entries, list):
            raise ValueError(f"images file {path}: there must be a list under the key images")
        self._images: dict[str, ImageView] = {}
        for number, entry in enumerate(entries, 1):
            try:
                image = _image(entry)
            except ValueError as error:
                raise ValueError(f"images file {path}, image {number}: {error}") from error
            if image.id in self._images:
                raise ValueError(f"images file {path}, image {number}: id {image.id} occurs twice")
            self._images[image.id] = image

    def get_image(self, image_id: str, project_id: str, token: str | None = None) -> ImageView | None:
        """The image, by its id."""
        return self._images.get(image_id)

    def ping(self) -> None:
        """Always there."""


def _image(entry: Any) -> ImageView:
    if not isinstance(entry, dict):
        raise ValueError("it must be a mapping")
    _check(entry)
    instance_info = {theirs: entry[ours] for ours, theirs in _FOR_IRONIC.items() if ours in entry}
    return ImageView(
        entry["id"], entry["name"], "active", instance_info, entry.get("size"), entry.get("min_disk", 0), entry.get("properties", {})
    )


def _check(entry: Mapping[Any, Any]) -> None:
    unknown = sorted(str(key) for key in entry.keys() - _KNOWN)
    if unknown:
        raise ValueError(f"unknown {', '.join(unknown)}; known are {', '.join(sorted(_KNOWN))}")
    for key in ("id", "name", "url"):
        if key not in entry:
            raise ValueError(f"{key} is missing")
    for key in entry.keys() - set(_SIZES) - {"properties"}:
        if not isinstance(entry[key], str) or not entry[key]:
            raise ValueError(f"{key} must be a text that is not empty")
    for key in entry.keys() & set(_SIZES):
        if not isinstance(entry[key], int) or isinstance(entry[key], bool) or entry[key] < 0:
            raise ValueError(f"{key} must be a whole number, not negative")
    _check_source(entry)
    _check_properties(entry.get("properties", {}))


def _check_properties(found: Any) -> None:
    if not isinstance(found, dict) or not all(isinstance(text, str) for pair in found.items() for text in pair):
        raise ValueError("properties must be a mapping of texts to texts")


def _check_source(entry: Mapping[Any, Any]) -> None:
    if not entry["url"].startswith(_SCHEMES):
        raise ValueError(f"url must begin with one of {', '.join(_SCHEMES)}")
    if ("os_hash_algo" in entry) != ("os_hash_value" in entry):
        raise ValueError("os_hash_algo and os_hash_value belong together")
    if not entry.keys() & {"checksum", "os_hash_value"} and not entry["url"].startswith("oci://"):
        raise ValueError("checksum, or os_hash_algo and os_hash_value, is missing: Ironic refuses an image without")
