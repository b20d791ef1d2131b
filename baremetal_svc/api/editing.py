# SPDX-License-Identifier: Apache-2.0
"""What is edited in place: JSON Patch (RFC 6902) on what a resource lets its users change, ETag and If-Match against lost updates.

An ETag here names the state of what can be edited, not of the whole answer: a machine that powers on meanwhile is no conflict.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch
import orjson

from baremetal_svc.api import validation
from baremetal_svc.api.validation import Schema, closed
from baremetal_svc.domain.errors import Invalid, PreconditionFailed

_PATH = {"type": "string", "minLength": 2, "maxLength": 512, "pattern": "^/.*$"}
_OPERATION: Schema = {
    **closed({"op": {"enum": ["add", "replace", "remove"]}, "path": _PATH, "value": True}, ["op", "path"]),
    # Not two schemas to choose from: of what fits neither it could not be said what is missing.
    "if": {"properties": {"op": {"enum": ["add", "replace"]}}},
    "then": {"required": ["value"]},
}
#: The body of a PATCH: the operations of Mogan's contract; values are judged in the edited document.
PATCH: Schema = {"type": "array", "minItems": 1, "maxItems": 128, "items": _OPERATION}


def edited(document: Mapping[str, Any], patch: Sequence[Mapping[str, Any]], schema: Schema) -> dict[str, Any]:
    """The document after the patch.

    :param schema: what may stand in the document: attributes that it does not name cannot be added, required ones not be removed.
    :raises Invalid: the patch does not fit the document, or the result not the schema.
    """
    try:
        result = jsonpatch.apply_patch(document, list(patch))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError) as error:
        # TypeError: it steps into something that is no object.
        raise Invalid(f"The patch does not fit: {error}", hint=f"What can be edited is: {', '.join(sorted(document))}.") from error
    validation.check(result, schema, "edited")
    return dict(result)


def etag(document: Mapping[str, Any]) -> str:
    """A strong entity tag of the document."""
    return f'"{hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()[:32]}"'


def check_match(if_match: str | None, document: Mapping[str, Any]) -> None:
    """:raises PreconditionFailed: the header names other states of the document only."""
    if if_match is None:
        return
    wanted = [tag.strip() for tag in if_match.split(",")]
    if "*" not in wanted and etag(document) not in wanted:
        raise PreconditionFailed("It was changed since you read it.")
