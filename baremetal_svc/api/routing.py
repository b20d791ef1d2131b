# SPDX-License-Identifier: Apache-2.0
"""The route table: features declare ROUTES, pecan asks the table which one a request is for."""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from baremetal_svc.api.call import Answer
from baremetal_svc.api.microversion import MINIMUM
from baremetal_svc.api.validation import EMPTY, Schema
from baremetal_svc.domain.errors import MethodNotAllowed, NotFound

Controller = Callable[..., Answer]
_PARAMETER = re.compile(r"\{(\w+)\}")
#: Wider than a tag may be: what is none is refused as such, not as an unknown path.
_TAG = r"[^\x00-\x1f\x7f/]{1,255}"
#: Parameters that are no ids of ours; every other one is a UUID.
_FORMS = {
    "address": r"[0-9A-Fa-f.:]{2,45}",
    "project": r"[\w.\-]{1,64}",
    "key_name": r"[\w\- ]{1,255}",
    "node_name": r"[\w.\-~]{1,255}",
    "tag": _TAG,
    "node_tag": _TAG,
}
_UUID = r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


@dataclass(frozen=True, slots=True)
class Route:
    """A method and path, who answers it, by which policy, which requests are valid, and what is answered.

    :ivar rule: name of the policy; None for what needs no token.
    :ivar body: minor version -> JSON Schema of the body; None for no body.
    :ivar since: the first minor version that has the route.
    :ivar answers: status -> a view or another of api.shapes (None: no body), or minor version -> such.
    :ivar refuses: statuses of refusals, besides those which follow from method, path, rule and body.
    :ivar leads: path parameter of other routes -> the OpenAPI expression by which this one's request or answer names it.
    """

    method: str
    path: str
    controller: Controller
    rule: str | None
    body: Mapping[int, Schema] | None = None
    query: Mapping[int, Schema] = field(default_factory=lambda: {MINIMUM: EMPTY})
    since: int = MINIMUM
    answers: Mapping[int, Any] = field(default_factory=dict)
    refuses: Collection[int] = ()
    leads: Mapping[str, str] = field(default_factory=dict)

    @property
    def parameters(self) -> dict[str, str]:
        """Names in the path -> their forms as regular expressions."""
        return {name: _FORMS.get(name, _UUID) for name in _PARAMETER.findall(self.path)}


def canonical(path: str) -> str:
    """One form of a path: without a slash at its end, and with /v1 where Mogan's clients leave it out."""
    path = path.rstrip("/") or "/"
    return path if path in ("/", "/healthcheck", "/v1") or path.startswith("/v1/") else f"/v1{path}"


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(_PARAMETER.sub(lambda found: f"(?P<{found[1]}>{_FORMS.get(found[1], _UUID)})", path), re.ASCII)


class Table:
    """Every route of a process, found by path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self.routes = tuple(routes)
        self._patterns = [(_pattern(r.path), r) for r in self.routes]

    def find(self, method: str, path: str, version: int) -> tuple[Route, dict[str, str]]:
        """The route and its path parameters (ids, in lower case).

        :raises NotFound: unknown in this version, or an id that is none.
        :raises MethodNotAllowed:
        """
        path = canonical(path)
        found = [(route, match) for pattern, route in self._patterns if (match := pattern.fullmatch(path)) and route.since <= version]
        for route, match in found:
            if route.method == method or (method == "HEAD" and route.method == "GET"):
                return route, {name: value if name in _FORMS else value.lower() for name, value in match.groupdict().items()}
        if found:
            allowed = sorted({route.method for route, _ in found})
            later = self._since(path, version, method)
            more = f" {method} needs microversion 1.{min(later)}." if later else ""
            raise MethodNotAllowed(f"{method} is not possible here; possible: {', '.join(allowed)}.{more}", allowed)
        raise self._unknown(path, version)

    def _unknown(self, path: str, version: int) -> NotFound:
        later = self._since(path, version)
        if not later:
            return NotFound("There is no such path, or its id is not the id of anything.")
        header = f"OpenStack-API-Version: baremetal_compute 1.{min(later)}"
        return NotFound(f"This path needs microversion 1.{min(later)}.", hint=f"Send the header {header}.")

    def _since(self, path: str, version: int, method: str | None = None) -> list[int]:
        """The later minor versions in which there is such a route."""
        known = [route for pattern, route in self._patterns if pattern.fullmatch(path)]
        return [route.since for route in known if route.since > version and method in (None, route.method)]


def feature_routes() -> list[Route]:
    """The ROUTES of every feature that has an API."""
    features: Any = import_module("baremetal_svc.features").FEATURES
    return [route for name in features for route in import_module(f"baremetal_svc.features.{name}.api").ROUTES]
