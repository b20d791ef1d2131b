# SPDX-License-Identifier: Apache-2.0
"""What flavors say of images: the usual layout, and which ones they take."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from baremetal_svc.domain import image
from baremetal_svc.domain.errors import Invalid


@dataclass(frozen=True)
class Seen:
    """An image as far as flavors look at it."""

    partition_image: bool = True
    properties: Mapping[str, str] = field(default_factory=dict)
    id: str = "i"
    status: str = "active"
    size: int | None = None
    min_disk: int = 0


def test_the_usual_layout_is_for_partition_images_that_were_asked_for_without_one() -> None:
    usual, asked = {"root_gb": 20}, {"root_gb": 30}
    assert image.laid_out(Seen(), {}, usual) == usual
    assert image.laid_out(Seen(), asked, usual) == asked
    assert image.laid_out(Seen(partition_image=False), {}, usual) == {}
    assert image.laid_out(Seen(partition_image=False), asked, usual) == asked, "it is refused for what was asked"


@pytest.mark.parametrize("found", [{}, {"os_distro": "debian"}, {"os_distro": "windows", "architecture": "x86_64"}])
def test_an_image_has_one_of_the_values_of_each_property(found: dict[str, str]) -> None:
    wanted = {"os_distro": ["debian", "ubuntu"], "architecture": ["x86_64"]}
    image.check_properties(Seen(), {})
    image.check_properties(Seen(properties={"os_distro": "ubuntu", "architecture": "x86_64", "more": "1"}), wanted)
    with pytest.raises(Invalid) as refused:
        image.check_properties(Seen(properties=found), wanted)
    assert refused.value.hint and "this flavor takes" in refused.value.detail
