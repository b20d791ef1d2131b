# SPDX-License-Identifier: Apache-2.0
"""JSON Schema (draft 2020-12) for bodies and queries: the only request validator. Queries arrive as text and are typed by the schema."""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jsonschema
import orjson

from baremetal_svc.domain.errors import Invalid, Malformed

Schema = Mapping[str, Any]

#: A pattern's description is told to whoever does not meet it.
UUID = {
    "type": "string",
    "pattern": "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
    "description": "a UUID",
}
#: Printable somewhere, no control characters: what a name may hold.
#: The look ahead and no second repetition: a long text that does not match must not cost its length squared.
NAME = {
    "type": "string",
    "minLength": 1,
    "maxLength": 255,
    "pattern": r"^(?=[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f])[^\x00-\x1f\x7f]*$",
    "description": "text without control characters that is not all spaces",
}
BOOLEAN_TEXT = {"type": "string", "enum": ["true", "false", "True", "False", "1", "0"]}
LIMIT = {"type": "integer", "minimum": 1, "maximum": 100000}
#: Key and value pairs of the users' own.
METADATA = {
    "type": "object",
    "propertyNames": {"pattern": r"^[a-zA-Z0-9\-_:. ]{1,255}$", "description": "1 to 255 of the characters a-z A-Z 0-9 - _ : . and space"},
    "additionalProperties": {"type": "string", "maxLength": 255},
    "maxProperties": 128,
}
#: A tag of a server: no comma, which separates tags in a query, and no slash, which separates them in a path.
TAG_FORM = r"[^\x00-\x20\x7f,/]([^\x00-\x1f\x7f,/]{0,58}[^\x00-\x20\x7f,/])?"
TAG = {
    "type": "string",
    "minLength": 1,
    "maxLength": 60,
    "pattern": f"^{TAG_FORM}$",
    "description": "1 to 60 characters without comma, slash and control characters, and with no space at its ends",
}
TAGS = {"type": "array", "items": TAG, "maxItems": 50, "uniqueItems": True}
EMPTY: Schema = {"type": "object", "properties": {}, "additionalProperties": False}
_SECRET = {"adminPass", "user_data", "personality"}
_TOO_MUCH = {
    "maxLength": "has more than {} characters",
    "maxItems": "has more than {} items",
    "maxProperties": "has more than {} entries",
}
#: Levels of nesting that a body may have.
DEPTH = 32


def closed(properties: Mapping[str, Any], required: Sequence[str] = ()) -> dict[str, Any]:
    """An object with these properties and no others."""
    return {"type": "object", "properties": dict(properties), "required": list(required), "additionalProperties": False}


def pick(schemas: Mapping[int, Schema], version: int) -> Schema:
    """The schema of the highest minor version that is not above the given one."""
    return schemas[max(v for v in schemas if v <= version)]


def parse_body(raw: bytes) -> Any:
    """:raises Malformed: not JSON. orjson refuses NaN and lone surrogates."""
    try:
        return _whole(orjson.loads(raw))
    except orjson.JSONDecodeError as error:
        raise Malformed(f"The body is not JSON: {error}.") from error


def _whole(value: Any, depth: int = 0) -> Any:
    """2.0 as 2, which it is to JSON and to a schema that says "integer", but not to Python. What is nested deeper is refused later."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if depth > DEPTH:
        return value
    if isinstance(value, dict):
        return {name: _whole(part, depth + 1) for name, part in value.items()}
    return [_whole(part, depth + 1) for part in value] if isinstance(value, list) else value


def parse_query(text: str, schema: Schema) -> dict[str, Any]:
    """The query's arguments by name, numbers where the schema says so.

    :raises Invalid:
    """
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=100)
    except (UnicodeDecodeError, ValueError) as error:
        raise Invalid("The query is not valid UTF-8 or has too many arguments.") from error
    query: dict[str, Any] = {}
    for name, value in pairs:
        if name in query:
            raise Invalid(f"The query names {name[:64]!r} twice.")
        wanted = schema.get("properties", {}).get(name, {}).get("type")
        digits = value.removeprefix("-")
        plain = digits.isascii() and digits.isdigit() and len(value) < 16
        query[name] = int(value) if wanted == "integer" and plain else value
        if schema["properties"].get(name) == UUID:
            query[name] = value.lower()
    check(query, schema, "query")
    return query


def check(value: Any, schema: Schema, what: str) -> None:
    """:raises Invalid: the first thing that is wrong, with its path and without the schema."""
    _refuse_unstorable(value, what)
    error = jsonschema.exceptions.best_match(_validator(orjson.dumps(schema)).iter_errors(value))
    if error is not None:
        path = "/".join(str(part)[:64] for part in error.absolute_path)
        # What is wrong with a secret is said without it.
        secret = _SECRET & {str(part) for part in error.absolute_path} and error.validator not in _TOO_MUCH
        raise Invalid(f"{what}{'/' + path if path else ''}: {'is not of the required form' if secret else _sentence(error)}")


def fits(value: Any, schema: Schema) -> bool:
    """Whether it is of the schema's form, where what is not is no error."""
    return bool(_validator(orjson.dumps(schema)).is_valid(value))


@cache
def _validator(schema: bytes) -> jsonschema.Draft202012Validator:
    parsed = orjson.loads(schema)
    jsonschema.Draft202012Validator.check_schema(parsed)
    return _Validator(parsed, format_checker=_FORMATS)


#: Those of Python itself; what else a schema calls a format would pass unchecked.
_FORMATS = jsonschema.FormatChecker(["ipv4", "ipv6"])


def _pattern(validator: Any, pattern: str, value: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    """Python's "$" lets a newline follow; a schema's does not."""
    ending = pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(value, str) and not re.search(ending, value):
        form = schema.get("description")
        yield jsonschema.ValidationError(f"does not have the required form{f': {form}' if form else ''}")


_Validator: Any = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


def _refuse_unstorable(value: Any, what: str, depth: int = 0) -> None:
    """No database of ours stores a NUL in text, and nothing that we take is nested deeply."""
    if depth > DEPTH:
        raise Invalid(f"{what}: it is nested more than {DEPTH} levels deep.")
    if isinstance(value, str) and "\x00" in value:
        raise Invalid(f"{what}: NUL characters are not allowed.")
    parts = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    for part in parts:
        _refuse_unstorable(part, what, depth + 1)


def _sentence(error: jsonschema.ValidationError) -> str:
    """What is wrong, without what may be long: the value, and the schema."""
    if error.validator in _TOO_MUCH:
        return _TOO_MUCH[error.validator].format(error.validator_value)
    if error.validator in ("oneOf", "anyOf", "not"):
        form = error.schema.get("description") if isinstance(error.schema, Mapping) else None
        return f"is not one of the allowed forms{f': {form}' if form else ''}"
    return error.message if len(error.message) <= 300 else f"{error.message[:300]} ..."
