# SPDX-License-Identifier: Apache-2.0
"""Every route by every persona, on what is its own project's and on what is another's. A route without a row fails."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from baremetal_svc import policy
from baremetal_svc.api import health
from baremetal_svc.api.routing import Route, feature_routes
from baremetal_svc.context import RequestContext
from tests.fixtures.tenancy import PERSONAS, Scene, token

EVERYBODY, READERS, MEMBERS, OPERATORS = (
    "reader member manager admin service",
    "reader member manager admin",
    "member manager admin",
    "admin",
)
#: Abroad a route that names nothing of a project does the same, for the caller's own project.
SAME = "same"
#: What is another project's is not there, but for operators.
ABSENT = "absent"
#: Not there for operators either: it is another user's, whom they have to name.
GONE = "gone"


@dataclass(frozen=True)
class Row:
    """``who`` may; ``abroad``: what who may gets on things of another project; "{...}" in ``body`` and ``path`` are things of the scene."""

    who: str
    abroad: str = ABSENT
    body: Any = None
    path: str | None = None


SERVER, TAGS, NETWORKS = "/v1/servers/{server_id}", "/v1/servers/{server_id}/tags", "/v1/servers/{server_id}/networks"
NODE_TAGS = "/v1/nodes/{node_id}/tags"
NEW_SERVER = {"server": "{body}"}
RENAME = [{"op": "replace", "path": "/name", "value": "n{number}"}]
NODE_IN = {"node": "{node_name}"}

TABLE = {
    "GET /": Row(EVERYBODY, SAME),
    "GET /v1": Row(EVERYBODY, SAME),
    "GET /healthcheck": Row(EVERYBODY, SAME),
    # Servers.
    "POST /v1/servers": Row(MEMBERS, SAME, NEW_SERVER),
    "POST /v1/scheduling/dry-run": Row(MEMBERS, SAME, NEW_SERVER),
    "GET /v1/servers": Row(READERS, SAME),
    "GET /v1/servers/detail": Row(READERS, SAME),
    f"GET {SERVER}": Row(READERS),
    f"PATCH {SERVER}": Row(MEMBERS, body=RENAME),
    f"DELETE {SERVER}": Row(MEMBERS),
    f"PUT {SERVER}/states/power": Row(MEMBERS, body={"target": "off"}),
    f"PUT {SERVER}/states/lock": Row(MEMBERS, body={"target": False}),
    f"PUT {SERVER}/states/provision": Row(MEMBERS, body={"target": "rebuild"}),
    f"PUT {SERVER}/states/reset": Row(OPERATORS),
    f"GET {SERVER}/events": Row(READERS),
    f"GET {SERVER}/faults": Row(READERS),
    f"GET {TAGS}": Row(READERS),
    f"PUT {TAGS}": Row(MEMBERS, body={"tags": ["a"]}),
    f"DELETE {TAGS}": Row(MEMBERS),
    f"GET {TAGS}/{{tag}}": Row(READERS),
    f"PUT {TAGS}/{{tag}}": Row(MEMBERS),
    f"DELETE {TAGS}/{{tag}}": Row(MEMBERS),
    f"GET {NETWORKS}": Row(READERS),
    f"POST {NETWORKS}/interfaces": Row(MEMBERS, body={"net_id": "{network}"}),
    f"DELETE {NETWORKS}/interfaces/{{port_id}}": Row(MEMBERS),
    f"POST {NETWORKS}/floatingips": Row(MEMBERS, body={"address": "{spare_address}"}),
    f"DELETE {NETWORKS}/floatingips/{{address}}": Row(MEMBERS),
    # What else is a project's or a user's.
    "GET /v1/operations": Row(READERS, SAME),
    "GET /v1/operations/{operation_id}": Row(READERS),
    "DELETE /v1/operations/{operation_id}": Row(MEMBERS),
    "GET /v1/reservations": Row(READERS, SAME),
    "POST /v1/reservations": Row(MEMBERS, SAME, {"name": "r", "flavor_uuid": "{public_flavor_id}", "count": 1, "until": "{tomorrow}"}),
    "GET /v1/reservations/{reservation_id}": Row(READERS),
    "PATCH /v1/reservations/{reservation_id}": Row(MEMBERS, body=RENAME),
    "DELETE /v1/reservations/{reservation_id}": Row(MEMBERS),
    "GET /v1/server_groups": Row(READERS, SAME),
    "POST /v1/server_groups": Row(MEMBERS, SAME, {"name": "g", "policies": ["affinity"]}),
    "GET /v1/server_groups/{group_id}": Row(READERS),
    "DELETE /v1/server_groups/{group_id}": Row(MEMBERS),
    "GET /v1/keypairs": Row(READERS, SAME),
    "POST /v1/keypairs": Row(MEMBERS, SAME, {"name": "k{number}", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVK" + "A" * 40}),
    "GET /v1/keypairs/{key_name}": Row(READERS, GONE),
    "DELETE /v1/keypairs/{key_name}": Row(MEMBERS, GONE),
    "GET /v1/limits": Row(READERS, SAME),
    "GET /v1/quotas/{project}": Row(READERS),
    "PUT /v1/quotas/{project}": Row(OPERATORS, body={"quotas": {}}),
    "DELETE /v1/quotas/{project}": Row(OPERATORS),
    # What projects choose from.
    "GET /v1/availability_zones": Row(READERS, SAME),
    "GET /v1/flavors": Row(READERS, SAME),
    "GET /v1/flavors/{flavor_id}": Row(READERS),
    "GET /v1/flavors/{flavor_id}/access": Row(READERS),
    # Operators' own.
    "POST /v1/flavors": Row(OPERATORS, body={"name": "f{number}", "description": "d", "resources": {"baremetal": 1}}),
    "PATCH /v1/flavors/{flavor_id}": Row(OPERATORS, body=RENAME),
    "DELETE /v1/flavors/{flavor_id}": Row(OPERATORS),
    "POST /v1/flavors/{flavor_id}/access": Row(OPERATORS, body={"tenant_id": "red"}),
    "DELETE /v1/flavors/{flavor_id}/access/{project}": Row(OPERATORS),
    "GET /v1/nodes": Row(OPERATORS),
    "GET /v1/nodes/{node_id}": Row(OPERATORS),
    "PUT /v1/nodes/{node_id}/failure-domain": Row(OPERATORS, body={"failure_domain": "dc{number}/room1"}),
    "DELETE /v1/nodes/{node_id}/failure-domain": Row(OPERATORS),
    "POST /v1/nodes/tags": Row(OPERATORS, body={"filter": {"all": ["t{number}"]}, "add": ["x"], "dry_run": True}),
    f"GET {NODE_TAGS}": Row(OPERATORS),
    f"PUT {NODE_TAGS}": Row(OPERATORS, body={"tags": ["t{number}"]}),
    f"DELETE {NODE_TAGS}": Row(OPERATORS),
    f"GET {NODE_TAGS}/history": Row(OPERATORS),
    f"GET {NODE_TAGS}/{{node_tag}}": Row(OPERATORS),
    f"PUT {NODE_TAGS}/{{node_tag}}": Row(OPERATORS),
    f"DELETE {NODE_TAGS}/{{node_tag}}": Row(OPERATORS),
    "GET /v1/pools": Row(OPERATORS),
    "POST /v1/pools": Row(OPERATORS, body={"name": "p{number}"}),
    "GET /v1/pools/{pool_id}": Row(OPERATORS),
    "PATCH /v1/pools/{pool_id}": Row(OPERATORS, body=RENAME),
    "DELETE /v1/pools/{pool_id}": Row(OPERATORS),
    "GET /v1/pools/{pool_id}/overlaps": Row(OPERATORS),
    # On a pool that a flavor of the project draws on; operators see every pool.
    "GET /v1/pools/{pool_id}/capacity": Row(READERS, path="/v1/pools/{drawn_pool_id}/capacity"),
    "GET /v1/pools/{pool_id}/capacity/history": Row(OPERATORS),
    "GET /v1/pools/{pool_id}/forecast": Row(OPERATORS),
    "GET /v1/capacity": Row(READERS, path="/v1/capacity?flavor={flavor_id}"),
    "GET /v1/aggregates": Row(OPERATORS),
    "POST /v1/aggregates": Row(OPERATORS, body={"name": "b{number}"}),
    "GET /v1/aggregates/{aggregate_id}": Row(OPERATORS),
    "PATCH /v1/aggregates/{aggregate_id}": Row(OPERATORS, body=RENAME),
    "DELETE /v1/aggregates/{aggregate_id}": Row(OPERATORS),
    "GET /v1/aggregates/{aggregate_id}/nodes": Row(OPERATORS),
    "POST /v1/aggregates/{aggregate_id}/nodes": Row(OPERATORS, body=NODE_IN),
    "DELETE /v1/aggregates/{aggregate_id}/nodes/{node_name}": Row(OPERATORS),
    "GET /v1/faults": Row(OPERATORS),
    "PUT /v1/faults/{fault_id}/cleared": Row(OPERATORS),
    "GET /v1/manageable_servers": Row(OPERATORS),
    "POST /v1/manageable_servers": Row(OPERATORS, body={"name": "n", "node_uuid": "{manageable_id}"}),
    "DELETE /v1/manageable_servers/{server_id}": Row(OPERATORS, path="/v1/manageable_servers/{adopted_id}"),
}
ROUTES = {f"{route.method} {route.path}": route for route in [*health.routes(), *feature_routes()]}


def test_every_route_has_a_row() -> None:
    assert set(TABLE) == set(ROUTES)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("scene"))
    yield made
    made.service.close()


def filled(scene: Scene, value: Any, *, fresh: bool) -> Any:
    """The value with the things of the scene that it names."""
    if isinstance(value, dict):
        return {key: filled(scene, inner, fresh=fresh) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(scene, inner, fresh=fresh) for inner in value]
    if value == "{body}":
        return scene.body
    if not isinstance(value, str):
        return value
    special = {"number": scene.number(), "network": scene.service.network}
    get = scene.fresh if fresh else scene.known
    return re.sub(r"{(\w+)}", lambda found: str(special.get(found[1]) or get(found[1])), value)


def expected(row: Row, persona: str, project: str) -> int:
    """2 for any 2xx, or the status."""
    if persona not in row.who.split():
        return 403
    if project == "red" or row.abroad == SAME:
        return 2
    return 404 if row.abroad == GONE or persona != "admin" else 2


def ask(scene: Scene, route: Route, row: Row, persona: str, project: str) -> int:
    """The status that a persona gets, on things that are new where it will use them up."""
    fresh = route.method != "GET" and expected(row, persona, project) == 2
    path = filled(scene, row.path or route.path, fresh=fresh)
    reply = scene.service.call(route.method, path, filled(scene, row.body, fresh=fresh), token=token(persona, project))
    if fresh:
        scene.forget()
    return 2 if 200 <= reply.status < 300 else reply.status


@pytest.mark.parametrize("name", TABLE)
def test_each_persona_gets_what_the_table_says(scene: Scene, name: str) -> None:
    cases = [(persona, project) for project in ("blue", "red") for persona in PERSONAS]
    wanted = {case: expected(TABLE[name], *case) for case in cases}
    assert {case: ask(scene, ROUTES[name], TABLE[name], *case) for case in cases} == wanted


def test_a_token_of_the_system_has_no_rights(scene: Scene) -> None:
    """Root refuses it before, since it has no project; the policies themselves do as well."""
    enforcer = policy.Policy(scene.service.conf, policy.list_rules())
    roles = PERSONAS["admin"].split(",")
    system = RequestContext(system_scope="all", roles=roles, overwrite=False)
    project = RequestContext(project_id="red", roles=roles, overwrite=False)
    for rule in policy.list_rules():
        assert not enforcer.allows(system, rule.name, {"project_id": "red"})
        assert enforcer.allows(project, rule.name, {"project_id": "red"})


def test_roles_are_of_a_project(scene: Scene) -> None:
    """A role that Keystone does not know by default gives nothing; nor does a token without roles that count."""
    for roles in ("owner", "Reader-of-all", "member_", "_member_"):
        assert scene.service.call("GET", "/v1/servers", token=f"alice:red:{roles}").status == 403
    # Roles are compared as oslo.policy compares them.
    assert scene.service.call("GET", "/v1/servers", token="alice:red:READER").status == 200
