# SPDX-License-Identifier: Apache-2.0
"""Bodies and queries of flavors, by minor version. Source: Mogan's contract, section 1.4."""

from baremetal_svc.api.editing import PATCH
from baremetal_svc.api.validation import LIMIT, NAME, UUID, closed
from baremetal_svc.domain.setup import BOOT_MODES

_ONE = {"oneOf": [{"type": "integer", "const": 1}, {"type": "string", "const": "1"}]}
#: A machine has one resource class: exactly one entry, of which one is asked for.
_RESOURCES = {
    "type": "object",
    "propertyNames": {"pattern": r"^[a-zA-Z0-9\-_:.]{1,80}$"},
    "additionalProperties": _ONE,
    "minProperties": 1,
    "maxProperties": 1,
}
_TEXTS = {"type": "object", "additionalProperties": {"type": "string", "maxLength": 255}, "maxProperties": 64}
_FLAG = {"enum": [True, False, "True", "False", "true", "false", "1", "0"]}
_FLAVOR = {
    "name": NAME,
    "description": {"type": "string", "minLength": 1, "maxLength": 255},
    "resources": _RESOURCES,
    "resource_aggregates": _TEXTS,
    "is_public": _FLAG,
    "disabled": _FLAG,
}
_POOLS = {"type": "array", "items": UUID, "maxItems": 32, "uniqueItems": True}
#: What tenants are told of the machines; nothing is decided by it.
_FACTS = closed(
    {
        "cpus": {"type": "integer", "minimum": 1, "maximum": 1_000_000},
        "cpu_model": {"type": "string", "minLength": 1, "maxLength": 255},
        "cpu_arch": {"type": "string", "minLength": 1, "maxLength": 64},
        "memory_mb": {"type": "integer", "minimum": 1, "maximum": 2**40},
        "disks": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255}, "maxItems": 64},
        "nics": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255}, "maxItems": 64},
        "gpus": {"type": "array", "items": {"type": "string", "minLength": 1, "maxLength": 255}, "maxItems": 64},
    }
)
_SIZE = {"type": "integer", "minimum": 0, "maximum": 2**31}
#: The layout where a request of a partition image names none.
_PARTITIONS = {
    "oneOf": [
        closed({"root_gb": {"type": "integer", "minimum": 1, "maximum": 2**31}, "ephemeral_gb": _SIZE, "swap_mb": _SIZE}, ["root_gb"]),
        {"const": {}},
    ]
}
_VALUES = {
    "type": "array",
    "items": {"type": "string", "minLength": 1, "maxLength": 255},
    "minItems": 1,
    "maxItems": 32,
    "uniqueItems": True,
}
#: Property of an image -> the values of which it must have one.
_IMAGES = {
    "type": "object",
    "propertyNames": {"pattern": r"^[a-zA-Z0-9_\-.:]{1,255}$"},
    "additionalProperties": _VALUES,
    "maxProperties": 16,
}
#: As Mogan had them: only "required".
_TRAITS = {
    "type": "object",
    "propertyNames": {"pattern": r"^[A-Z0-9_]{1,200}$", "description": "traits of 1 to 200 of the characters A-Z 0-9 and _"},
    "additionalProperties": {"const": "required"},
    "maxProperties": 32,
}
_TEXT = {"type": "string", "minLength": 1, "maxLength": 255}
_HINTS = {"type": "object", "additionalProperties": _TEXT, "minProperties": 1, "maxProperties": 16}
#: What Ironic's own schema of a target RAID configuration takes, with limits on sizes.
_LOGICAL_DISK = {
    **closed(
        {
            "raid_level": {"enum": ["JBOD", "0", "1", "2", "5", "6", "1+0", "5+0", "6+0"]},
            "size_gb": {"oneOf": [{"type": "integer", "minimum": 0, "maximum": 2**31}, {"const": "MAX"}]},
            "volume_name": _TEXT,
            "is_root_volume": {"type": "boolean"},
            "share_physical_disks": {"type": "boolean"},
            "disk_type": {"enum": ["hdd", "ssd"]},
            "interface_type": {"enum": ["sata", "scsi", "sas"]},
            "number_of_physical_disks": {"type": "integer", "minimum": 1, "maximum": 1024},
            "controller": _TEXT,
            "physical_disks": {
                "oneOf": [
                    {"type": "array", "items": _TEXT, "maxItems": 64},
                    {"type": "array", "items": _HINTS, "minItems": 2, "maxItems": 64},
                ]
            },
        },
        ["raid_level", "size_gb"],
    ),
    "dependentRequired": {"physical_disks": ["controller"]},
}
_RAID = {
    "oneOf": [
        closed({"logical_disks": {"type": "array", "items": _LOGICAL_DISK, "minItems": 1, "maxItems": 64}}, ["logical_disks"]),
        {"const": {}},
    ]
}
_LATER = {
    "partitions": _PARTITIONS,
    "image_properties": _IMAGES,
    "resource_traits": _TRAITS,
    "boot_mode": {"enum": [*BOOT_MODES, None]},
    "raid": _RAID,
    "price": {"type": ["string", "null"], "minLength": 1, "maxLength": 64, "pattern": r"^[^\x00-\x1f\x7f]*$"},
}
_REQUIRED = ["name", "description", "resources"]

_EDITED = {"name": NAME, "is_public": _FLAG, "disabled": _FLAG}
_EDITED_2 = {**_EDITED, "description": _FLAVOR["description"], "pools": _POOLS}
#: What may be changed of a flavor that exists; servers keep what it said when they were made.
EDITED = {
    1: closed(_EDITED, list(_EDITED)),
    2: closed(_EDITED_2, list(_EDITED_2)),
    3: closed({**_EDITED_2, "facts": _FACTS}, list(_EDITED_2)),
    6: closed({**_EDITED_2, "facts": _FACTS, **_LATER}, list(_EDITED_2)),
}
UPDATE = {1: PATCH}
#: A project id as Keystone makes them; whether it exists is Keystone's to know.
_PROJECT = {"type": "string", "pattern": r"^[A-Za-z0-9_.\-]{1,64}$", "description": "the id of a project"}
ACCESS = {1: closed({"tenant_id": _PROJECT}, ["tenant_id"])}
CREATE = {
    1: closed(_FLAVOR, _REQUIRED),
    2: closed({**_FLAVOR, "pools": _POOLS}, _REQUIRED),
    3: closed({**_FLAVOR, "pools": _POOLS, "facts": _FACTS}, _REQUIRED),
    6: closed({**_FLAVOR, "pools": _POOLS, "facts": _FACTS, **_LATER}, _REQUIRED),
}
LIST = {1: closed({}), 2: closed({"limit": LIMIT, "marker": UUID})}
