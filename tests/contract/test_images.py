# SPDX-License-Identifier: Apache-2.0
"""The contract of the protocol Images: the simulated world and the images file."""

import json
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from baremetal_svc.gateways.embedded import ImagesFile
from baremetal_svc.gateways.protocols import Images
from baremetal_svc.gateways.simulated import SimulatedImages, World
from tests.contract.conftest import Outside

IMAGE = {"id": "i1", "name": "debian", "url": "http://images.test/debian", "checksum": "0" * 32, "min_disk": 2, "size": 10}
Write = Callable[[Any], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def written(content: Any) -> str:
        path = tmp_path / "images.yaml"
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return str(path)

    return written


@pytest.fixture(params=["simulated", "file"])
def known(request: pytest.FixtureRequest, write: Write) -> tuple[Images, str]:
    if request.param == "simulated":
        world = World()
        return SimulatedImages(world), world.add_image("debian", os_distro="debian")
    return ImagesFile(write({"images": [{**IMAGE, "properties": {"os_distro": "debian"}}]})), "i1"


def test_an_image_is_found_by_its_id(known: tuple[Images, str]) -> None:
    images, image_id = known
    image = images.get_image(image_id, "p")
    assert image is not None and (image.id, image.name, image.status) == (image_id, "debian", "active")
    assert image.instance_info["image_source"].startswith("http://") and image.instance_info["image_checksum"]
    assert images.get_image("debian", "p") is None and image.properties["os_distro"] == "debian"


def test_the_file_says_what_ironic_needs(write: Write) -> None:
    extra = {"id": "i2", "name": "two", "url": "file:///two", "os_hash_algo": "sha256", "os_hash_value": "ab", "kernel": "http://k"}
    image = ImagesFile(write({"images": [IMAGE, extra]})).get_image("i2", "p")
    assert image is not None and image.instance_info == {
        "image_source": "file:///two",
        "image_os_hash_algo": "sha256",
        "image_os_hash_value": "ab",
        "kernel": "http://k",
    }


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("a: [", "neither YAML nor JSON"),
        ([], "list under the key images"),
        ({"images": [1]}, "image 1: it must be a mapping"),
        ({"images": [IMAGE, IMAGE]}, "image 2: id i1 occurs twice"),
        ({"images": [{**IMAGE, "colour": 1}]}, "unknown colour"),
        ({"images": [{k: v for k, v in IMAGE.items() if k != "url"}]}, "url is missing"),
        ({"images": [{k: v for k, v in IMAGE.items() if k != "checksum"}]}, "checksum"),
        ({"images": [{**IMAGE, "url": "ftp://x"}]}, "url must begin with"),
        ({"images": [{**IMAGE, "name": 3}]}, "name must be a text"),
        ({"images": [{**IMAGE, "min_disk": "2"}]}, "min_disk must be a whole number"),
        ({"images": [{**IMAGE, "os_hash_algo": "md5"}]}, "belong together"),
        ({"images": [{**IMAGE, "properties": {"a": 1}}]}, "properties must be"),
    ],
)
def test_a_wrong_file_is_a_clear_error(write: Write, content: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        ImagesFile(write(content))


def test_a_missing_file_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="No such file"):
        ImagesFile(str(tmp_path / "none.yaml"))


@pytest.mark.parametrize(("visibility", "for_others"), [("private", False), ("public", True), ("shared", True)])
def test_an_image_is_for_those_who_may_use_it_whoever_asks(outside: Outside, visibility: str, for_others: bool) -> None:
    (owner, token), (other, foreign) = outside.caller("demo"), outside.caller("other")
    image_id = outside.image("demo", visibility)
    for asked in (token, None):
        found = outside.images.get_image(image_id, owner, asked)
        assert found is not None and (found.id, found.status, found.partition_image) == (image_id, "active", False)
    assert (outside.images.get_image(image_id, other, foreign) is not None) == for_others
    assert (outside.images.get_image(image_id, other) is not None) == for_others


def test_a_missing_image_is_none(outside: Outside) -> None:
    for asked in (outside.caller("demo")[1], None):
        assert outside.images.get_image(str(uuid.uuid4()), "p", asked) is None
    outside.images.ping()
