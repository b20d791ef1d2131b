# SPDX-License-Identifier: Apache-2.0
"""Pieces that the views of all features share: WSME types, times, links, pages."""

import inspect
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from wsme import types as wtypes
from wsme.rest import json as wsme_json

from baremetal_svc.api.call import Call
from baremetal_svc.api.microversion import MINIMUM, OPERATIONS
from baremetal_svc.api.validation import Schema
from baremetal_svc.domain.disclosure import for_tenants


class Json(wtypes.UserType):
    """Any JSON value; ``schema`` is what the OpenAPI document says of it."""

    basetype = object
    name = "json"

    def __init__(self, schema: Schema | None = None) -> None:
        self.schema: Schema = schema or {}

    @staticmethod
    def validate(value: Any) -> Any:
        """Everything that orjson writes is fine."""
        return value


json_type = Json()
#: Key and value pairs of the users' own.
texts = Json({"type": "object", "additionalProperties": {"type": "string"}})


class Attribute(wtypes.wsattr):
    """An attribute that a later minor version added, or that not every answer has (``always=False``)."""

    def __init__(self, datatype: Any, *, since: int = MINIMUM, always: bool = True) -> None:
        super().__init__(datatype)
        self.since, self.always = since, always


class _Declared:
    """The order in which a view declares its attributes. WSME would read and parse its source for that: a third of an API's start."""

    def __get__(self, view: Any, owner: type) -> list[str]:
        names = dict.fromkeys(name for one in reversed(owner.__mro__) for name in vars(one) if not name.startswith("_"))
        return [name for name in names if wtypes.iswsattr(getattr(owner, name)) and not inspect.isroutine(getattr(owner, name))]


class View(wtypes.Base):
    """What a resource looks like in answers: its attributes and their types."""

    _wsme_attr_order = _Declared()


class Link(View):
    """Where a resource is found."""

    href = wtypes.text
    rel = wtypes.text


def single(view: type[View], values: Mapping[str, Any]) -> dict[str, Any]:
    """One resource, checked and written by WSME. Lists skip it: it costs ten times the rest of the answer."""
    known: dict[str, Any] = wsme_json.tojson(view, wsme_json.fromjson(view, dict(values)))
    return known


@lru_cache(maxsize=10_000)
def moment(seconds: float | None, precision: str = "seconds") -> str | None:
    """Seconds since the epoch as ISO 8601 with offset. Remembered: who polls is shown the same moments again."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec=precision)


def told(call: Call, message: str | None) -> str | None:
    """A message of an operation or fault, as the caller may read it."""
    return message if message is None or call.context.is_operator else for_tenants(message)


def failure(call: Call, error: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """The error of an operation, likewise."""
    return None if error is None else {**error, "message": told(call, error["message"])}


def links(call: Call, collection: str, identifier: str) -> list[dict[str, str]]:
    """Self and bookmark links of a resource."""
    path = f"{collection}/{identifier}"
    return [{"href": f"{call.base}/v1/{path}", "rel": "self"}, {"href": f"{call.base}/{path}", "rel": "bookmark"}]


def started(call: Call, operation_id: str, server_id: str) -> dict[str, str]:
    """The headers of an answer that began an operation: where to look; in 1.1, which has no operations, at the server."""
    where = f"operations/{operation_id}" if call.version >= OPERATIONS else f"servers/{server_id}"
    return {"Location": f"{call.base}/v1/{where}"}


def limit(call: Call) -> int:
    """How many items a page may have."""
    most: int = call.services.conf.api.max_limit
    return min(call.query.get("limit", most), most)


def page(call: Call, name: str, items: Sequence[Mapping[str, Any]], last: str | None, *, count: int | None = None) -> dict[str, Any]:
    """A list under its name; from 1.2 with a next link when the page is full.

    :param last: id of its last item. :param count: how many the page has where that is not the number of items.
    """
    body: dict[str, Any] = {name: items}
    if call.version >= 2 and last is not None and (len(items) if count is None else count) == limit(call):
        query = urlencode({**call.query, "marker": last})
        body[f"{name}_links"] = [{"href": f"{call.base}{call.path}?{query}", "rel": "next"}]
    return body
