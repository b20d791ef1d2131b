# SPDX-License-Identifier: Apache-2.0
"""Text of others, such as a BMC's, in a form that every database takes."""

import math
from collections.abc import Mapping
from typing import Any

#: What stands for a character that is none.
REPLACEMENT = "\ufffd"


def storable(value: Any) -> Any:
    """Parsed JSON without NUL characters, halves of surrogate pairs and numbers that JSON does not have, which PostgreSQL refuses."""
    if isinstance(value, str):
        if value.isascii() and "\x00" not in value:
            return value
        return value.replace("\x00", REPLACEMENT).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {storable(key): storable(part) for key, part in value.items()}
    return [storable(part) for part in value] if isinstance(value, list | tuple) else value
