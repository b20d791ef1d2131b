# SPDX-License-Identifier: Apache-2.0
"""What answers look like, for the OpenAPI document: WSME views as JSON Schema (draft 2020-12), by minor version."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api.microversion import MINIMUM
from baremetal_svc.api.validation import Schema, closed
from baremetal_svc.api.views import Json, Link

_PLAIN: dict[Any, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": ["number", "null"]},
    wtypes.text: {"type": ["string", "null"]},
}
_MOMENT = {"type": ["string", "null"], "format": "date-time"}
_ID = {"type": "string", "format": "uuid"}


@dataclass(frozen=True, slots=True)
class Page:
    """A list of views under its name, from 1.2 on with a link to the next page; ``partial``: the caller chooses the fields."""

    name: str
    item: Any
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Partial:
    """A view of which the caller may choose the fields."""

    view: Any


@dataclass(frozen=True, slots=True)
class Started:
    """No body: an operation goes on, and Location names it."""


STARTED = Started()


def at(shape: Any, minor: int) -> Any:
    """What is answered in this minor version, where that is said by version."""
    if isinstance(shape, Mapping):
        return shape[max(since for since in shape if since <= minor)]
    return shape


class Views:
    """The views that a document refers to: ``schemas`` by name, each written once."""

    def __init__(self, minor: int) -> None:
        self.schemas: dict[str, Schema] = {}
        self._known: dict[str, Any] = {}
        self._minor = minor

    def of(self, shape: Any) -> Schema:
        """The schema of an answer's body.

        :raises ValueError: two views have the same name.
        """
        if isinstance(shape, Page):
            item = self.of(Partial(shape.item) if shape.partial else shape.item)
            more = {f"{shape.name}_links": {"type": "array", "items": self.of(Link)}} if self._minor > MINIMUM else {}
            return closed({shape.name: {"type": "array", "items": item}, **more}, [shape.name])
        if isinstance(shape, Partial):
            return self._named(f"Partial{shape.view.__name__}", shape.view, partial=True)
        if isinstance(shape, Json):
            return shape.schema
        if isinstance(shape, list | wtypes.ArrayType):
            return {"type": "array", "items": self._item(shape[0] if isinstance(shape, list) else shape.item_type)}
        return _PLAIN[shape] if shape in _PLAIN else self._named(shape.__name__, shape, partial=False)

    def _item(self, kind: Any) -> Schema:
        return {"type": "string"} if kind is wtypes.text else self.of(kind)

    def _named(self, name: str, view: Any, *, partial: bool) -> Schema:
        if self._known.setdefault(name, view) is not view:
            raise ValueError(f"Two views are named {name}.")
        if name not in self.schemas:
            attributes = [one for one in wtypes.list_attributes(view) if getattr(one, "since", MINIMUM) <= self._minor]
            required = [] if partial else [one.name for one in attributes if getattr(one, "always", True)]
            about = {"description": " ".join((view.__doc__ or "").split())}
            self.schemas[name] = {**about, **closed({one.name: self._attribute(one) for one in attributes}, required)}
        return {"$ref": f"#/components/schemas/{name}"}

    def _attribute(self, one: Any) -> Schema:
        """Names say what a text is: ``uuid`` and ``..._at`` mean the same in every view."""
        if one.datatype is wtypes.text:
            if one.name.endswith("_at") or one.name == "at":
                return _MOMENT
            if one.name in ("uuid", "href", "rel"):
                return _ID if one.name == "uuid" else {"type": "string"}
        return self.of(one.datatype)
