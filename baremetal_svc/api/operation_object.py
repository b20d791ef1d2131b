# SPDX-License-Identifier: Apache-2.0
"""One route as an Operation Object of OpenAPI 3.1: parameters, body, answers, refusals, links to what can be done next."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from baremetal_svc.api import microversion, shapes, validation
from baremetal_svc.api.faults import REASONS
from baremetal_svc.api.microversion import MINIMUM
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import STARTED, Views

_JSON = "application/json"
_PATCH = "application/json-patch+json"
_TEXT = {"type": "string"}
HEADERS = {
    "X-Openstack-Request-Id": {"description": "Names the request in logs and in operations.", "required": True, "schema": _TEXT},
    "OpenStack-API-Version": {"description": "The microversion of the answer.", "required": True, "schema": _TEXT},
    "Retry-After": {"description": "Seconds.", "required": True, "schema": _TEXT},
    "Location": {"description": "What was made, or the operation that goes on.", "required": True, "schema": _TEXT},
    "Link": {"description": 'The operation that goes on, as rel="operation".', "required": False, "schema": _TEXT},
    "ETag": {"description": "Names the state of what can be edited, for If-Match.", "required": False, "schema": _TEXT},
}


def identifier(route: Route) -> str:
    """``feature.verb``, unique: by the controller, since one policy may guard several routes."""
    words: list[str] = route.controller.__module__.split(".")
    return f"{words[-2] if words[-1] == 'api' else words[-1]}.{route.controller.__name__}"


def refusals(route: Route) -> set[int]:
    """Statuses of errors that the route is documented to answer. Any query or header may be malformed or of a version unknown."""
    found = {400, 406, *route.refuses}
    found |= {401, 403, 429, 503} if route.rule is not None else set()
    found |= {404} if route.parameters else set()
    found |= {413, 415} if route.body is not None else set()
    found |= {412} if route.method == "PATCH" else set()
    return found - set(route.answers)


def operation(route: Route, routes: Sequence[Route], minor: int, views: Views, summaries: Mapping[str, str]) -> dict[str, Any]:
    """The object of one route in one minor version.

    :param routes: all of that version, for links. :param summaries: by name of a policy.
    """
    # Docstrings of controllers begin with what stands in the document anyway.
    about = re.sub(r"^[A-Z]+ /\S*?(\[\S*\])?[:.]( |$)", "", " ".join((route.controller.__doc__ or "").split()))
    name = identifier(route)
    about = about[:1].upper() + about[1:]
    summary = summaries.get(route.rule or "") or about.partition(".")[0]
    found: dict[str, Any] = {
        "operationId": name,
        "tags": [name.partition(".")[0]],
        "summary": summary,
        "description": about or f"{summary}.",
        "security": [] if route.rule is None else [{"token": []}],
        "parameters": list(_parameters(route, minor)),
        "responses": _responses(route, routes, minor, views),
    }
    if route.rule is not None:
        found["x-policy"] = route.rule
    found["x-since"] = f"1.{route.since}"
    if route.body is not None:
        schema = validation.pick(route.body, minor)
        kinds = (_JSON, _PATCH) if route.method == "PATCH" else (_JSON,)
        found["requestBody"] = {"required": True, "content": {kind: {"schema": schema} for kind in kinds}}
    return found


def _parameters(route: Route, minor: int) -> Iterator[dict[str, Any]]:
    for name, form in route.parameters.items():
        yield {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": f"^{form}$"}}
    query = validation.pick(route.query, minor)
    for name, schema in query["properties"].items():
        yield {"name": name, "in": "query", "required": name in query.get("required", ()), "schema": schema}
    # Without the header the service speaks 1.1: who reads this document asks for what it describes.
    version = {"const": f"{microversion.SERVICE_TYPE} 1.{minor}"}
    yield {"name": microversion.HEADER, "in": "header", "required": minor > MINIMUM, "schema": version}
    if route.method == "POST" and 201 in route.answers:
        key = {"type": "string", "pattern": "^[!-~]{1,255}$"}
        about = "The same request under the same key is a replay: it answers what the first one made."
        yield {"name": "Idempotency-Key", "in": "header", "required": False, "description": about, "schema": key}
    if 412 in refusals(route):
        yield {"name": "If-Match", "in": "header", "required": False, "description": "The ETag that was read.", "schema": _TEXT}


def _responses(route: Route, routes: Sequence[Route], minor: int, views: Views) -> dict[str, Any]:
    edited = any(other.path == route.path and 412 in refusals(other) for other in routes)
    found = {}
    for status, shape in sorted(route.answers.items()):
        found[str(status)] = _response(status, shapes.at(shape, minor), views, edited=edited)
    links = dict(_links(route, routes))
    if links:
        found[str(min(route.answers))]["links"] = links
    return {**found, **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals(route))}}


def _response(status: int, shape: Any, views: Views, *, edited: bool) -> dict[str, Any]:
    names = ["X-Openstack-Request-Id", "OpenStack-API-Version"]
    names += ["Location"] if shape == STARTED or (status in (201, 202) and shape is not None) else []
    names += ["Link"] if status == 201 else []
    names += ["ETag"] if status == 200 and edited else []
    found: dict[str, Any] = {"description": REASONS[status], "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names}}
    if shape is not None and shape != STARTED:
        found["content"] = {_JSON: {"schema": views.of(shape)}}
    return found


def _links(route: Route, routes: Sequence[Route]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What can be asked once this was answered: everything whose path parameters are known by then."""
    known = {name: f"$request.path.{name}" for name in route.parameters} | dict(route.leads)
    for other in routes:
        wanted = set(other.parameters)
        if set(route.leads) & wanted and wanted <= set(known):
            yield identifier(other), {"operationId": identifier(other), "parameters": {name: known[name] for name in sorted(wanted)}}
