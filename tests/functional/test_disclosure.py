# SPDX-License-Identifier: Apache-2.0
"""No answer tells a tenant of nodes, of what Ironic says of them, of other projects or of our code, however badly things went."""

from collections.abc import Iterator
from typing import Any

import pytest

from baremetal_svc.domain.errors import OutsideRefused, Unavailable
from tests.fixtures.service import ADMIN, FOREIGN, MEMBER
from tests.fixtures.tenancy import BMC, NODE_PREFIX, Scene
from tests.functional.test_rbac import READERS, TABLE, filled

OPERATOR = "root:headquarters:admin,member,reader"
CONDUCTOR = "ironic-host-7"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    made = Scene(tmp_path_factory.mktemp("scene"))
    yield made
    made.service.close()


def _words(scene: Scene) -> str:
    """As Ironic says it."""
    node = next(iter(scene.service.world.nodes.values()))
    return f"Node {node.id} ({node.name}) is locked by host {CONDUCTOR}: IPMI to {BMC} failed\nTraceback (most recent call last):"


def _went(scene: Scene, method: str, error: Exception) -> str:
    """A server of red whose create met the error at every attempt; its id."""
    scene.service.world.fail_next(method, times=9, error=error)
    server_id: str = scene.made("/v1/servers", {"server": scene.body})["uuid"]
    scene.service.work()
    for fault in scene.service.world._faults:
        fault.times = 0
    return server_id


@pytest.fixture(scope="module")
def servers(scene: Scene) -> dict[str, str]:
    """Servers of red by how they went; a neighbour has servers, and an operator did something to one of red's."""
    theirs = scene.made("/v1/server_groups", {"name": "bobs-group", "policies": ["soft-affinity"]}, by=FOREIGN)["uuid"]
    scene.made("/v1/servers", {"server": {**scene.body, "name": "bobs-server"}, "scheduler_hints": {"group": theirs}}, by=FOREIGN)
    scene.made(f"/v1/flavors/{scene.known('flavor_id')}/access", {"tenant_id": "blue"}, by=ADMIN)
    found = {
        "well": scene.known("server_id"),
        "refused": _went(scene, "bind_node", OutsideRefused(f"Ironic refused: {_words(scene)}")),
        "bug": _went(scene, "bind_node", RuntimeError(_words(scene))),
        "waits": _went(scene, "bind_node", Unavailable(f"Ironic is busy: {_words(scene)}")),
    }
    path = f"/v1/servers/{found['well']}/states/power"
    assert scene.service.call("PUT", path, {"target": "off"}, token=OPERATOR).status == 202
    return found


def _answers(scene: Scene, servers: dict[str, str], token: str) -> Iterator[tuple[str, Any]]:
    """Every answer to GET that tenants may have, of each server."""
    for server_id in servers.values():
        scene._things["server_id"] = server_id
        for name, row in TABLE.items():
            method, _, path = name.partition(" ")
            if method == "GET" and READERS in row.who:
                asked = filled(scene, row.path or path, fresh=False)
                yield asked, scene.service.call("GET", asked, token=token)
    operations = scene.service.call("GET", "/v1/operations", token=MEMBER).json["operations"]
    for operation in operations:
        yield operation["kind"], scene.service.call("GET", f"/v1/operations/{operation['uuid']}", token=token)


def _told(scene: Scene, servers: dict[str, str], token: str) -> str:
    return "\n".join(reply.raw.decode() for _, reply in _answers(scene, servers, token))


def test_tenants_are_told_of_nothing_but_their_own(scene: Scene, servers: dict[str, str]) -> None:
    secrets = [*scene.service.world.nodes, NODE_PREFIX, BMC, CONDUCTOR, "Traceback", 'File \\"', "blue", "bob", "headquarters"]
    for path, reply in _answers(scene, servers, MEMBER):
        assert reply.status == 200 or path.endswith("/tags/blessed"), (path, reply.raw)
        assert [secret for secret in secrets if secret in reply.raw.decode()] == [], path


def test_tenants_are_told_who_refused_and_what_to_do(scene: Scene, servers: dict[str, str]) -> None:
    fault = scene.service.call("GET", f"/v1/servers/{servers['refused']}").json["fault"]
    assert fault["message"] == "Ironic refused."
    assert fault["detail"]
    [waiting] = scene.service.call("GET", f"/v1/operations?server_uuid={servers['waits']}").json["operations"]
    assert (waiting["state"], waiting["reason"]) == ("waiting", "Ironic is busy.")


def test_operators_are_told_all_of_it(scene: Scene, servers: dict[str, str]) -> None:
    """Which shows that the words were there to be cut off."""
    told = _told(scene, servers, OPERATOR)
    assert [word for word in (BMC, CONDUCTOR, "steel-0", "bobs-server") if word not in told] == ["bobs-server"]
    assert "bobs-server" in scene.service.call("GET", "/v1/servers/detail?all_tenants=1", token=OPERATOR).raw.decode()


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_unknown_server_and_anothers_look_alike(scene: Scene, servers: dict[str, str], method: str) -> None:
    body = [{"op": "replace", "path": "/name", "value": "mine"}] if method == "PATCH" else None
    unknown = "00000000-0000-4000-8000-000000000000"
    replies = [scene.service.call(method, f"/v1/servers/{server}", body, token=FOREIGN) for server in (unknown, servers["well"])]
    details = [reply.json["message"].replace(server, "ID") for reply, server in zip(replies, (unknown, servers["well"]), strict=True)]
    assert [reply.status for reply in replies] == [404, 404]
    assert details[0] == details[1]
