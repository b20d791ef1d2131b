# SPDX-License-Identifier: Apache-2.0
"""Pure decisions about servers."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from baremetal_svc.domain.errors import Invalid

#: GiB of the root partition where a request for a partition image names none. Source: Mogan's contract, section 3.2.
DEFAULT_ROOT_GB = 10

#: Steps whose failure speaks against the node, not against the request.
NODE_STEPS = ("bind-node", "set-config-drive", "attach-vif", "start-deploy", "wait-until-deployed", "protect-node")

#: Failures after which another node would not help.
FINAL_FAILURES = ("Cancelled", "DeadlineExceeded", "NoValidNode")


class Image(Protocol):
    """What is looked at of an image; ``size`` in bytes, ``min_disk`` in GiB."""

    @property
    def id(self) -> str: ...
    @property
    def size(self) -> int | None: ...
    @property
    def min_disk(self) -> int: ...
    @property
    def partition_image(self) -> bool: ...


class Failed(Protocol):
    """What a flow knows of a task's failure."""

    exception_str: str

    def __iter__(self) -> Iterator[str]:
        """Names of the exception's classes, the nearest first."""
        ...


def editable(server: Mapping[str, Any]) -> dict[str, Any]:
    """What of a server its users may edit."""
    return {name: server[name] for name in ("name", "description", "metadata")}


def new_claim_id() -> str:
    """A fresh id."""
    return str(uuid.uuid4())


def blames_node(failures: Mapping[str, Failed]) -> str | None:
    """Why the node is to blame, or None when it is not."""
    for step, failure in failures.items():
        if step.startswith(NODE_STEPS) and not _is_final(failure):
            return f"{step}: {failure.exception_str}"
    return None


def worth_another_node(failures: Mapping[str, Failed]) -> bool:
    """True when every failure speaks against the node that was tried."""
    return bool(failures) and all(step.startswith(NODE_STEPS) and not _is_final(failure) for step, failure in failures.items())


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


def layout(image: Image, partitions: Mapping[str, int]) -> dict[str, Any]:
    """What Ironic's instance_info says of the disk: nothing for an image of a whole disk."""
    if not image.partition_image:
        return {}
    return {"root_gb": DEFAULT_ROOT_GB, **partitions, "capabilities": {"boot_option": "local"}}


def names(name: str, count: int) -> list[str]:
    """The names of a batch: the name itself for one, numbered from 1 for more."""
    return [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]


def _is_final(failure: Failed) -> bool:
    return next(iter(failure)).rsplit(".", 1)[-1] in FINAL_FAILURES
