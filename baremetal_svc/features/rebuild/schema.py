# SPDX-License-Identifier: Apache-2.0
"""The bodies of a rebuild and a retry. Source: Mogan's contract, sections 1.3 and 2.2 (its client always sends ``preserve_ephemeral``,
null too).
"""

from baremetal_svc.api import secrets
from baremetal_svc.api.validation import UUID, Schema, closed


def _asks(schema: Schema) -> Schema:
    """For the target of the schema."""
    return {"type": "object", "properties": {"target": schema["properties"]["target"]}, "required": ["target"]}


_REBUILD = closed(
    {"target": {"enum": ["rebuild"]}, "image_uuid": UUID, "preserve_ephemeral": {"type": ["boolean", "null"]}},
    ["target"],
)
_RETRY = closed({"target": {"enum": ["retry"]}, **secrets.PROPERTIES, "public_key": secrets.PUBLIC_KEY}, ["target"])
_EITHER: Schema = {
    "type": "object",
    "properties": {"target": {"enum": ["rebuild", "retry"]}},
    "required": ["target"],
    # Not two schemas to choose from: of what fits neither it could not be said what is wrong.
    "allOf": [{"if": _asks(schema), "then": schema} for schema in (_REBUILD, _RETRY)],
}
SET = {1: _REBUILD, 4: _EITHER}
