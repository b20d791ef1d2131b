# SPDX-License-Identifier: Apache-2.0
"""Version documents and the healthcheck: what needs no token."""

import threading
import time
from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import microversion, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.domain.errors import ServiceError

#: Seconds for which an answer is reused, so that asking often costs the parts nothing.
FRESH = 2.0
_COLLECTIONS = ("servers", "flavors", "availability_zones", "keypairs", "aggregates", "nodes", "server_groups", "manageable_servers")


class Version(views.View):
    """A version of the API, with the lowest and the highest microversion."""

    id = wtypes.text
    status = wtypes.text
    min_version = wtypes.text
    version = wtypes.text
    links = [views.Link]


class Versions(views.View):
    """All versions."""

    name = wtypes.text
    description = wtypes.text
    versions = [Version]


class Parts(views.View):
    """``status`` ok, degraded or down, and "ok" or "away" by part."""

    status = wtypes.text
    parts = views.texts


class Root(views.View):
    """A version and its collections."""

    id = wtypes.text
    version = Version
    links = [views.Link]
    servers = [views.Link]
    flavors = [views.Link]
    availability_zones = [views.Link]
    keypairs = [views.Link]
    aggregates = [views.Link]
    nodes = [views.Link]
    server_groups = [views.Link]
    manageable_servers = [views.Link]


class Health:
    """Asks each part whether it answers; remembers for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answer = Answer()

    def check(self, call: Call) -> Answer:
        """GET /healthcheck: whether the parts answer. 200 ok, or degraded: requests are accepted, operations wait; 503: no database."""
        with self._lock:
            if time.monotonic() - self._asked_at > FRESH:
                self._answer = self._ask(call)
                self._asked_at = time.monotonic()
            return self._answer

    @staticmethod
    def _ask(call: Call) -> Answer:
        gateways = call.services.gateways
        parts = {
            "database": _try(call.services.db.probe),
            "ironic": _try(gateways.ironic.ping),
            "neutron": _try(gateways.neutron.ping),
            "images": _try(gateways.images.ping),
        }
        status = "ok" if set(parts.values()) == {"ok"} else "degraded" if parts["database"] == "ok" else "down"
        return Answer(503 if status == "down" else 200, {"status": status, "parts": parts})


def _try(ask: Any) -> str:
    try:
        ask()
    except ServiceError:
        return "away"
    return "ok"


def versions(call: Call) -> Answer:
    """GET /: the version document of the service."""
    return Answer(200, {"name": "baremetal-svc", "description": "Bare metal as a cloud service", "versions": [_version(call)]})


def version(call: Call) -> Answer:
    """GET /v1: the version document of v1, with links to its collections as Mogan had them.

    The version is an object of its own: keystoneauth takes a text under that name for one and fails.
    """
    collections = {name: [{"href": f"{call.base}/v1/{name}/", "rel": "self"}] for name in _COLLECTIONS}
    document = _version(call)
    return Answer(200, {"id": document["id"], "version": document, "links": document["links"], **collections})


def _version(call: Call) -> dict[str, Any]:
    return {
        "id": "v1",
        "status": "CURRENT",
        "min_version": f"1.{microversion.MINIMUM}",
        "version": f"1.{microversion.MAXIMUM}",
        "links": [{"href": f"{call.base}/v1/", "rel": "self"}],
    }


def routes() -> list[Route]:
    """The chassis' own routes."""
    return [
        Route("GET", "/", versions, None, answers={200: Versions}),
        Route("GET", "/v1", version, None, answers={200: Root}),
        Route("GET", "/healthcheck", Health().check, None, answers={200: Parts, 503: Parts}),
    ]
