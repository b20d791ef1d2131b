# SPDX-License-Identifier: Apache-2.0
"""What an image asks of the disk that it is written to, and which images a flavor takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from baremetal_svc.domain.errors import Conflict, Invalid

#: GiB of the root partition where a request for a partition image names none. Source: Mogan's contract, section 3.2.
DEFAULT_ROOT_GB = 10


class Image(Protocol):
    """What is looked at of an image; ``size`` in bytes, ``min_disk`` in GiB."""

    @property
    def id(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def min_disk(self) -> int: ...
    @property
    def partition_image(self) -> bool: ...
    @property
    def properties(self) -> Mapping[str, str]: ...


def check_active(image: Image) -> None:
    """:raises Conflict: it cannot be deployed now."""
    if image.status != "active":
        raise Conflict(f"Image {image.id} is {image.status}.", hint="Choose an image that is active.")


def check_partitions(image: Image, partitions: Mapping[str, int]) -> None:
    """Refuse a layout that the image cannot be put into.

    :param partitions: root_gb, ephemeral_gb, swap_mb; {} for none.
    :raises Invalid:
    """
    if partitions and not image.partition_image:
        raise Invalid(f"Image {image.id} is of a whole disk, it takes no partitions.", hint="Leave partitions out.")
    root = partitions.get("root_gb", DEFAULT_ROOT_GB)
    needed = max(image.min_disk, -(-(image.size or 0) // 2**30)) if image.partition_image else 0
    if root < needed:
        raise Invalid(f"root_gb ({root}) is less than what image {image.id} needs ({needed}).")


def laid_out(image: Image, asked: Mapping[str, int], usual: Mapping[str, int]) -> Mapping[str, int]:
    """The layout that was asked for, else the flavor's usual one where the image takes any."""
    return asked or (usual if image.partition_image else {})


def check_properties(image: Image, wanted: Mapping[str, Sequence[str]]) -> None:
    """Refuse an image that a flavor does not take.

    :param wanted: property -> the values of which the image must have one; {}: any image will do.
    :raises Invalid:
    """
    for name, values in wanted.items():
        found = image.properties.get(name)
        if found not in values:
            has = f"has the {name} {found!r}" if found is not None else f"has no {name}"
            hint = (
                "Choose an image that has one of them, or another flavor: GET /v1/flavors shows what each takes in image_properties (1.6)."
            )
            raise Invalid(f"Image {image.id} {has}; this flavor takes {', '.join(values)}.", hint=hint)


def layout(image: Image, partitions: Mapping[str, int]) -> dict[str, Any]:
    """What Ironic's instance_info says of the disk: nothing for an image of a whole disk."""
    if not image.partition_image:
        return {}
    return {"root_gb": DEFAULT_ROOT_GB, **partitions, "capabilities": {"boot_option": "local"}}
