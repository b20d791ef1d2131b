# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI 3.1 document of each minor version, made from the route table, the schemas and the views; and the route that serves it."""

import threading
from collections.abc import Mapping, Sequence
from typing import Any

from baremetal_svc import policy
from baremetal_svc.api import health, microversion
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.faults import STATUS
from baremetal_svc.api.microversion import MAXIMUM, MINIMUM
from baremetal_svc.api.operation_object import HEADERS, operation, refusals
from baremetal_svc.api.routing import Route, feature_routes
from baremetal_svc.api.shapes import Views
from baremetal_svc.api.validation import Schema, closed
from baremetal_svc.api.views import Json
from baremetal_svc.domain import errors

PATH = "/v1/openapi.json"
_QUERY: Mapping[int, Schema] = {MINIMUM: closed({"version": {"enum": [f"1.{minor}" for minor in range(MINIMUM, MAXIMUM + 1)]}})}
_TEXT = {"type": "string"}
_ENTRY = closed(
    {
        "status": {"type": "integer"},
        "code": {**_TEXT, "description": "Stable and machine-readable."},
        "title": _TEXT,
        "detail": _TEXT,
        "hint": {**_TEXT, "description": "What to do next."},
        "request_id": _TEXT,
        "links": {"type": "array"},
    },
    ["status", "code", "title", "detail", "hint", "request_id", "links"],
)
_ERROR = {
    "description": "A refusal: the list of the API working group, its text alone, and the doubly encoded one that Mogan's clients read.",
    **closed(
        {"errors": {"type": "array", "items": _ENTRY, "minItems": 1}, "message": _TEXT, "error_message": _TEXT}, ["errors", "message"]
    ),
}
_ABOUT = (
    "Bare metal as a cloud service. This is microversion 1.{minor}: send ``OpenStack-API-Version: baremetal_compute 1.{minor}``; "
    "without that header the service speaks 1.1. {added}"
)


class Documents:
    """Documents by minor version, each made when it is first asked for."""

    def __init__(self, routes: Sequence[Route]) -> None:
        own = Route("GET", PATH, self.openapi, None, query=_QUERY, answers={200: Json({"type": "object"})})
        self.routes = (*routes, own)
        self._made: dict[int, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def openapi(self, call: Call) -> Answer:
        """GET /v1/openapi.json[?version=1.N]: this document, of the newest microversion unless one is named."""
        minor = int(call.query.get("version", f"1.{MAXIMUM}").partition(".")[2])
        return Answer(200, {**self.document(minor), "servers": [{"url": call.base}]})

    def document(self, minor: int) -> dict[str, Any]:
        """The document of a minor version, without the address of a server."""
        with self._lock:
            if minor not in self._made:
                self._made[minor] = document(self.routes, minor)
            return self._made[minor]


def document(routes: Sequence[Route], minor: int) -> dict[str, Any]:
    """What the service answers in this minor version, as OpenAPI 3.1."""
    present = [route for route in routes if route.since <= minor]
    summaries = {rule.name: rule.description for rule in policy.list_rules()}
    views = Views(minor)
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(present, key=lambda route: route.path):
        paths.setdefault(route.path, {})[route.method.lower()] = operation(route, present, minor, views, summaries)
    refused = sorted(set().union(*(refusals(route) for route in present)))
    about = _ABOUT.format(minor=minor, added=microversion.HISTORY[minor])
    return {
        "openapi": "3.1.0",
        "info": {"title": "baremetal-svc", "version": f"1.{minor}", "description": about, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {**dict(sorted(views.schemas.items())), "Error": _ERROR},
            "responses": {str(status): _refusal(status) for status in refused},
            "headers": HEADERS,
            "securitySchemes": {"token": {"type": "apiKey", "in": "header", "name": "X-Auth-Token", "description": "Keystone's."}},
        },
    }


def _refusal(status: int) -> dict[str, Any]:
    title = next(error.title for error, number in STATUS.items() if number == status and error is not errors.OutsideRefused)
    names = ["X-Openstack-Request-Id", *(["Retry-After"] if status in (429, 503) else [])]
    headers = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"description": title, "headers": headers, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}


def every_route() -> tuple[Route, ...]:
    """The table of a process: the chassis' own routes, the features', and the document of both."""
    return Documents([*health.routes(), *feature_routes()]).routes
