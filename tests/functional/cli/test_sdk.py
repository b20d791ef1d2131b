# SPDX-License-Identifier: Apache-2.0
"""baremetal_svc.sdk on an openstacksdk connection: catalogue, versions, waiting through failures. What clients import."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openstack
import pytest
from keystoneauth1 import session
from keystoneauth1.access import access
from keystoneauth1.identity import base
from openstack import exceptions

from baremetal_svc.db import models
from baremetal_svc.sdk.errors import OperationFailed
from baremetal_svc.sdk.proxy import Proxy
from baremetal_svc.sdk.service import SERVICE
from tests.fixtures import drifting
from tests.fixtures.served import Carrier, http
from tests.fixtures.service import MEMBER, Service

OP = models.Operation.__table__.c
LOAD = """
import sys
from importlib import import_module
for name in ("plugin", "servers", "power", "operations", "flavors", "nodes", "keypairs"):
    import_module(f"baremetal_svc.cli.{name}")
server = {"oslo_messaging", "oslo_db", "oslo_service", "pecan", "wsme", "sqlalchemy", "taskflow", "ironicclient", "keystonemiddleware"}
loaded = set(sys.modules)
ours = {name for name in loaded if name.startswith("baremetal_svc.") and name.split(".")[1] not in ("sdk", "cli")}
print(sorted({name.partition(".")[0] for name in loaded} & server | ours))
"""


class Catalogue(base.BaseIdentityPlugin):
    """Keystone's answer, with this address of the service in it."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def get_auth_ref(self, session: session.Session) -> access.AccessInfo:
        endpoint = {"interface": "public", "region": "RegionOne", "region_id": "RegionOne", "url": self._url, "id": "e"}
        catalogue = [{"type": "baremetal_compute", "name": "baremetal_svc", "id": "s", "endpoints": [endpoint]}]
        token = {"methods": ["password"], "expires_at": "2999-01-01T00:00:00.000000Z", "project": {"id": "red"}, "catalog": catalogue}
        return access.AccessInfoV3({"token": token}, auth_token=MEMBER)

    def get_cache_id_elements(self) -> dict[str, str | None]:
        return {"url": self._url}


def connected(url: str) -> Proxy:
    connection = openstack.connection.Connection(session=session.Session(Catalogue(url)), region_name="RegionOne")
    connection.add_service(SERVICE)
    return connection.baremetal_compute  # type: ignore[no-any-return]


@pytest.fixture
def address(service: Service) -> Iterator[str]:
    with http(service) as url:
        yield url


@pytest.fixture
def carried(service: Service) -> Iterator[Carrier]:
    carrier = Carrier(service)
    carrier.start()
    yield carrier
    carrier.stop()


def create(api: Proxy, service: Service, **more: Any) -> Any:
    body = service.prepared()["server"]
    return api.create_server("one", body["flavor_uuid"], body["image_uuid"], body["networks"], **more)


@pytest.mark.parametrize("ending", ["", "/", "/v1", "/v1/"])
def test_the_catalogue_may_name_the_version_or_not(service: Service, address: str, ending: str) -> None:
    api = connected(address + ending)
    service.flavor()
    assert len(list(api.flavors())) == 1
    # Operations need 1.2: the highest version that both sides speak was asked for.
    assert list(api.operations()) == []


def test_a_server_from_create_to_its_end(service: Service, address: str, carried: Carrier) -> None:
    api = connected(address)
    server = create(api, service, user_data=b"#!/bin/sh\n", metadata={"a": "b"})
    assert api.wait_for_operation(server.operation_id, timeout=60).state == "done"
    shown = api.get_server(server)
    assert (shown.status, shown.metadata, shown.is_locked) == ("active", {"a": "b"}, False)
    api.wait_for_operation(api.set_server_power(server, "off"), timeout=60)
    assert api.find_server("one").power_state == "power off"
    # Its machine must still be there when the second delete comes.
    service.world.instant = False
    first, second = api.delete_server(server), api.delete_server(server)
    assert first == second
    service.world.instant = True
    api.wait_for_operation(first, timeout=60)
    with pytest.raises(exceptions.NotFoundException):
        api.get_server(server)


def test_an_idempotency_key_makes_nothing_twice(service: Service, address: str) -> None:
    api = connected(address)
    body = service.prepared()["server"]
    asked = ("one", body["flavor_uuid"], body["image_uuid"], body["networks"])
    first, second = (api.create_server(*asked, idempotency_key="k") for _ in range(2))
    assert (first.id, first.operation_id) == (second.id, second.operation_id)
    assert api.create_server(*asked).id != first.id


def test_pages_are_read_one_after_the_other(service: Service, address: str) -> None:
    api = connected(address)
    create(api, service, max_count=5)
    assert len({server.id for server in api.servers(limit=2)}) == 5
    assert len(list(api.servers(limit=2, max_items=3))) == 3
    assert len(api.operations_of_request(next(api.operations(max_items=1)))) == 5
    # A batch that was written around the end of a second.
    newest = next(api.operations(max_items=1)).id
    drifting.change(service, models.Operation, OP.id != newest, created_at=OP.created_at - 1)
    assert len(api.operations_of_request(newest)) == 5


def test_a_failure_tells_code_and_hint(service: Service, address: str, carried: Carrier) -> None:
    api = connected(address)
    body = service.prepared(nodes=0)["server"]
    server = api.create_server("one", body["flavor_uuid"], body["image_uuid"], body["networks"])
    with pytest.raises(OperationFailed) as failed:
        api.wait_for_operation(server.operation_id, timeout=60)
    assert failed.value.code and failed.value.detail and failed.value.operation.state == "failed"


def test_waiting_asks_once_an_event(service: Service, address: str) -> None:
    """Nothing happens for two seconds: a client that polls would ask several times."""
    api = connected(address)
    server = create(api, service)
    asked: list[str] = []
    send = service.application

    def counting(environ: dict[str, Any], start_response: Any) -> Any:
        asked.append(environ["QUERY_STRING"])
        return send(environ, start_response)

    service.application = counting
    with http(service) as url, pytest.raises(exceptions.ResourceTimeout):
        counted = connected(url)
        counted.wait_for_operation(server.operation_id, timeout=2)
    polls = [query for query in asked if "wait=" in query]
    assert polls and len(polls) <= 2


def test_a_service_that_does_not_wait_is_not_asked_in_a_tight_loop(service: Service, address: str) -> None:
    service.conf.set_override("max_wait", 0, "api")
    api = connected(address)
    server = create(api, service)
    seen = threading.Event()
    with pytest.raises(exceptions.ResourceTimeout):
        for _ in api.follow_operation(server.operation_id, timeout=1.5):
            seen.set()
    assert seen.is_set()


def test_an_api_that_fails_for_a_moment_does_not_end_a_wait(service: Service, carried: Carrier) -> None:
    """As behind a load balancer while API processes are restarted."""
    carried.free.clear()
    answers, send = iter(("502 Bad Gateway", "503 Service Unavailable")), service.application

    def failing(environ: dict[str, Any], start_response: Any) -> Any:
        status = next(answers, None) if "wait=" in environ["QUERY_STRING"] else None
        if status is None:
            return send(environ, start_response)
        carried.free.set()
        start_response(status, [("Content-Length", "0")])
        return [b""]

    service.application = failing
    with http(service) as url:
        api = connected(url)
        states = [operation.state for operation in api.follow_operation(create(api, service).operation_id, timeout=60)]
    assert (states[0], states[-1], next(answers, None)) == ("pending", "done", None)


def test_clouds_yaml_adds_the_service(service: Service, address: str, tmp_path: Path) -> None:
    service.flavor()
    login = f"auth_type: admin_token, auth: {{endpoint: '{address}/v1', token: 'alice:red'}}"
    (tmp_path / "clouds.yaml").write_text(f"clouds: {{mine: {{{login}, vendor_hook: 'baremetal_svc.sdk.service:add_to'}}}}\n")
    config = openstack.config.OpenStackConfig(config_files=[str(tmp_path / "clouds.yaml")], load_envvars=False)
    connection = openstack.connection.Connection(config=config.get_one("mine"))
    assert len(list(connection.baremetal_compute.flavors())) == 1


def test_a_client_loads_nothing_of_the_server() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stdout + done.stderr
