# SPDX-License-Identifier: Apache-2.0
"""Cases for what generation hardly meets: each documented refusal of each operation, once."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from baremetal_svc.api.microversion import HEADER
from tests.fixtures.service import DEFAULT_POOL
from tests.functional.fuzz import calling
from tests.functional.fuzz.stage import Stage, unknown

_LARGE = {"x": "y" * 300_000}
#: Conflicts by operation: the path and the body that meet one. Where a server is in the path, one that is being deleted does.
CONFLICTS: dict[str, Callable[[Stage], tuple[Mapping[str, str], Any]]] = {
    "adoption.release": lambda stage: ({"server_id": stage.standing}, None),
    "aggregates.update": lambda stage: ({"aggregate_id": stage.aggregate()}, _renamed(_taken(stage, "aggregates", stage.aggregate()))),
    "flavors.update": lambda stage: ({"flavor_id": stage.flavor()}, _renamed(_taken(stage, "flavors", stage.flavor()))),
    "flavors.delete": lambda stage: ({"flavor_id": _used(stage)}, None),
    "flavors.give": lambda stage: ({"flavor_id": stage.flavor()}, {"tenant_id": "red"}),
    "node_tags.bulk": lambda stage: ({}, {"filter": {"all": [tag := stage.owned()["node_tag"]]}, "remove": [tag]}),
    "node_tags.remove": lambda stage: (stage.owned(), None),
    "nodes.set_failure_domain": lambda stage: _crowded(*stage.parted()),
    "nodes.unset_failure_domain": lambda stage: ({"node_id": stage.parted()[0]}, None),
    "pools.update": lambda stage: ({"pool_id": stage.pool()}, _renamed(_taken(stage, "pools", stage.pool()))),
    "pools.delete": lambda stage: ({"pool_id": DEFAULT_POOL}, None),
    "operations.cancel": lambda stage: ({"operation_id": _ended(stage)}, None),
    "reservations.create": lambda stage: ({}, {**stage.reserved(), "count": 7}),
    "reservations.update": lambda stage: ({"reservation_id": _over(stage)}, _renamed("late")),
    "scheduling.dry_run": lambda stage: ({}, {"server": {"flavor_uuid": stage.flavor(disabled=True)}}),
    "servers.delete": lambda stage: ({"server_id": stage.adopted()}, None),
}


def _renamed(name: str) -> list[dict[str, str]]:
    return [{"op": "replace", "path": "/name", "value": name}]


def _crowded(node_id: str, path: str) -> tuple[Mapping[str, str], Any]:
    return {"node_id": node_id}, {"failure_domain": path}


def _taken(stage: Stage, collection: str, identifier: str) -> str:
    return str(stage.call("GET", f"/v1/{collection}/{identifier}")["name"])


def _used(stage: Stage) -> str:
    return str(stage.call("GET", f"/v1/servers/{stage.building()}")["flavor_uuid"])


def _over(stage: Stage) -> str:
    identifier = stage.reservation()
    stage.call("DELETE", f"/v1/reservations/{identifier}")
    return identifier


def _ended(stage: Stage) -> str:
    found = stage.call("GET", f"/v1/operations?server_uuid={stage.standing}")["operations"]
    return str(found[-1]["uuid"])


class Rare:
    """Meets the refusals of one operation; ``case`` draws a valid case of it."""

    def __init__(self, stage: Stage, operation: Any, case: Callable[[], Any]) -> None:
        self._stage, self._operation, self._case = stage, operation, case

    def fed(self) -> Any:
        """A case that would succeed."""
        case = self._case()
        calling.feed(self._stage, case)
        return case

    def answer(self, status: int) -> Any:
        """The answer of a case that should be refused with this status."""
        case = self.fed()
        more = getattr(self, f"_{status}", lambda case: None)(case) or {}
        with self._around(status):
            response = case.call(**more)
        case.validate_response(response, checks=calling.CONFORMANCE)
        return response

    def _around(self, status: int) -> AbstractContextManager[None]:
        if status == 503:
            return self._stage.alone()
        elsewhere = status == 409 and calling.identifier(self._operation).startswith("quotas.")
        return self._stage.limits_elsewhere() if elsewhere else nullcontext()

    def _400(self, case: Any) -> None:
        case.query = {**case.query, "unknown": "1"}

    def _401(self, case: Any) -> None:
        case.headers["X-Auth-Token"] = "nobody"

    def _403(self, case: Any) -> None:
        case.headers["X-Auth-Token"] = "eve:green:none"

    def _404(self, case: Any) -> None:
        name = calling.identifier(self._operation)
        if case.path_parameters:
            first = next(iter(case.path_parameters))
            # Keystone knows which projects there are, we know how their ids look.
            case.path_parameters = {**case.path_parameters, first: "no id" if first == "project" else unknown()}
        elif name == "servers.create":
            case.body = {"server": self._stage.asked(flavor_uuid=unknown())}
        elif name == "scheduling.dry_run":
            case.body = {"server": {"flavor_uuid": unknown()}}
        elif name == "adoption.adopt":
            case.body = {**case.body, "node_uuid": unknown()}
        elif name == "reservations.create":
            case.body = {**case.body, "flavor_uuid": unknown()}
        else:
            case.query = {"flavor" if name == "capacity.now" else "marker": unknown()}

    def _406(self, case: Any) -> None:
        case.headers[HEADER] = "baremetal_compute 1.99"

    def _409(self, case: Any) -> None:
        known = CONFLICTS.get(calling.identifier(self._operation))
        if known is not None:
            case.path_parameters, body = known(self._stage)
            case.body = case.body if body is None else body
        elif "server_id" in case.path_parameters:
            case.path_parameters = {**case.path_parameters, "server_id": self._stage.deleting()}
        elif self._operation.method.upper() == "POST":
            # The same key with another body.
            case.headers["Idempotency-Key"] = self._stage.name()
            assert case.call().status_code == 201
            other = self.fed()
            case.body = other.body

    def _412(self, case: Any) -> None:
        case.headers["If-Match"] = '"another"'

    def _413(self, case: Any) -> None:
        case.body = _LARGE

    def _429(self, case: Any) -> dict[str, Any]:
        application = self._stage.hurried()
        case.call(app=application)
        return {"app": application}

    def _415(self, case: Any) -> dict[str, Any]:
        return {"headers": {"Content-Type": "text/plain"}}
