# SPDX-License-Identifier: Apache-2.0
"""The bodies of a rebuild and a retry. Source: Mogan's contract, sections 1.3 and 2.2 (its client always sends ``preserve_ephemeral``,
null too).
"""

from baremetal_svc.api import secrets
from baremetal_svc.api.validation import UUID, closed

_REBUILD = closed(
    {"target": {"enum": ["rebuild"]}, "image_uuid": UUID, "preserve_ephemeral": {"type": ["boolean", "null"]}},
    ["target"],
)
_RETRY = closed({"target": {"enum": ["retry"]}, **secrets.PROPERTIES, "public_key": secrets.PUBLIC_KEY}, ["target"])
SET = {1: _REBUILD, 4: {"oneOf": [_REBUILD, _RETRY]}}
