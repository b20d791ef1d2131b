# SPDX-License-Identifier: Apache-2.0
"""Version documents and the healthcheck: what needs no token."""

import threading
import time
from typing import Any

from sqlalchemy import text

from baremetal_svc.api import microversion
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.domain.errors import ServiceError

#: Seconds for which an answer is reused, so that asking often costs the parts nothing.
FRESH = 2.0
_COLLECTIONS = ("servers", "flavors", "availability_zones", "keypairs", "aggregates", "nodes", "server_groups", "manageable_servers")


class Health:
    """Asks each part whether it answers; remembers for a moment."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked_at = float("-inf")
        self._answer = Answer()

    def controller(self, call: Call) -> Answer:
        """200 ok, 200 degraded (requests are accepted, operations wait), 503 when the database is away."""
        with self._lock:
            if time.monotonic() - self._asked_at > FRESH:
                self._answer = self._ask(call)
                self._asked_at = time.monotonic()
            return self._answer

    @staticmethod
    def _ask(call: Call) -> Answer:
        gateways = call.services.gateways
        parts = {
            "database": _try(lambda: call.services.db.query(lambda conn: conn.execute(text("SELECT 1")).scalar())),
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
    """The version document of the service."""
    return Answer(200, {"name": "baremetal-svc", "description": "Bare metal as a cloud service", "versions": [_version(call)]})


def version(call: Call) -> Answer:
    """The version document of v1, with links to its collections as Mogan had them.

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
        Route("GET", "/", versions, None),
        Route("GET", "/v1", version, None),
        Route("GET", "/healthcheck", Health().controller, None),
    ]
