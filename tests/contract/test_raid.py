# SPDX-License-Identifier: Apache-2.0
"""What a flavor may say of RAID is what Ironic's own schema of a target RAID configuration takes, but for our limits on sizes."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from baremetal_svc.api import validation
from baremetal_svc.domain.errors import Invalid
from baremetal_svc.features.flavors import schema

#: By key values that Ironic takes, and values that it does not.
VALUES: dict[str, list[Any]] = {
    "raid_level": ["JBOD", "0", "1", "2", "5", "6", "1+0", "5+0", "6+0", "10", 1, None],
    "size_gb": [0, 1, 2**20, "MAX", -1, "1", "max", 1.5, None, True],
    "volume_name": ["v", 1],
    "is_root_volume": [True, False, "true"],
    "share_physical_disks": [True, False, 0],
    "disk_type": ["hdd", "ssd", "nvme"],
    "interface_type": ["sata", "scsi", "sas", "nvme"],
    "number_of_physical_disks": [1, 2, 0, -1, "2"],
    "controller": ["c", "software", 1],
    "physical_disks": [[], ["1"], ["1", "2"], [{"size": "> 100"}, {"name": "/dev/sdb"}], [{"size": "1"}], ["1", {"size": "1"}], [1], "1"],
    "colour": ["red"],
}
_ANY = {name: st.sampled_from(some) for name, some in VALUES.items()}
_REQUIRED = ("raid_level", "size_gb")
DISKS = st.fixed_dictionaries(
    {name: _ANY[name] for name in _REQUIRED}, optional={name: one for name, one in _ANY.items() if name not in _REQUIRED}
)
RAIDS = st.fixed_dictionaries({"logical_disks": st.lists(DISKS, max_size=2)}, optional={"colour": st.just("red")})


def ironics() -> jsonschema.Draft4Validator:
    [package] = importlib.util.find_spec("ironic").submodule_search_locations  # type: ignore[union-attr, misc]
    return jsonschema.Draft4Validator(json.loads((Path(package) / "drivers" / "raid_config_schema.json").read_text()))


IRONIC = ironics()


def ours(raid: Any) -> bool:
    try:
        validation.check({"name": "f", "description": "d", "resources": {"a": 1}, "raid": raid}, schema.CREATE[6], "body")
    except Invalid:
        return False
    return True


@settings(max_examples=400, deadline=None)
@given(RAIDS)
def test_ironic_takes_the_same(raid: Any) -> None:
    assert ours(raid) == IRONIC.is_valid(raid)


@given(st.sampled_from(list(VALUES)), st.data())
@settings(deadline=None)
def test_each_value_alone(name: str, data: st.DataObject) -> None:
    disk = {"raid_level": "1", "size_gb": 1, "controller": "c", name: data.draw(st.sampled_from(VALUES[name]))}
    assert ours({"logical_disks": [disk]}) == IRONIC.is_valid({"logical_disks": [disk]})
    without = {key: value for key, value in disk.items() if key != data.draw(st.sampled_from(list(disk)))}
    assert ours({"logical_disks": [without]}) == IRONIC.is_valid({"logical_disks": [without]})
