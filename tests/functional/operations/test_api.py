# SPDX-License-Identifier: Apache-2.0
"""Operations over REST: steps, long poll, pages, and what foreigners see."""

import threading
import time

from baremetal_svc.api import app
from baremetal_svc.db import models
from baremetal_svc.wsgi import assembly as wsgi_assembly
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, MEMBER, Service


def _operation(service: Service) -> str:
    found = service.call("GET", "/v1/operations").json["operations"]
    return str(found[0]["uuid"])


def test_an_operation_shows_its_steps_before_during_and_after(service: Service) -> None:
    server = properties.create(service)
    operation_id = _operation(service)
    pending = service.call("GET", f"/v1/operations/{operation_id}").json
    assert (pending["state"], pending["kind"], pending["target_uuid"]) == ("pending", "servers.create", server["uuid"])
    service.world.instant = False
    service.step()
    waiting = service.call("GET", f"/v1/operations/{operation_id}").json
    assert waiting["state"] == "waiting"
    assert waiting["reason"]
    states = [step["state"] for step in waiting["steps"]]
    assert states == ["done"] * 7 + ["running", "pending", "pending"]
    service.world.instant = True
    service.work()
    done = service.call("GET", f"/v1/operations/{operation_id}").json
    assert (done["state"], done["error"]) == ("done", None)
    assert {step["state"] for step in done["steps"]} == {"done"}
    assert done["seq"] > waiting["seq"] > pending["seq"]


def test_a_long_poll_answers_at_the_next_step(service: Service) -> None:
    properties.create(service)
    operation_id = _operation(service)
    begin = time.monotonic()
    reply = service.call("GET", f"/v1/operations/{operation_id}?wait=1&after=0").json
    assert time.monotonic() - begin >= 1
    worker = threading.Thread(target=service.step)
    worker.start()
    later = service.call("GET", f"/v1/operations/{operation_id}?wait=30&after={reply['seq']}").json
    worker.join()
    assert later["seq"] > reply["seq"]
    assert time.monotonic() - begin < 20


def test_foreigners_see_nothing(service: Service) -> None:
    properties.create(service)
    assert service.call("GET", f"/v1/operations/{_operation(service)}", token=FOREIGN).status == 404
    assert service.call("GET", "/v1/operations", token=FOREIGN).json == {"operations": []}


def test_pages_go_from_new_to_old(service: Service) -> None:
    body = service.prepared()
    body["server"]["max_count"] = 5
    service.call("POST", "/v1/servers", body)
    seen, path = [], "/v1/operations?limit=2"
    while path:
        page = service.call("GET", path).json
        seen += [operation["uuid"] for operation in page["operations"]]
        path = page.get("operations_links", [{"href": ""}])[0]["href"].removeprefix("http://localhost")
    assert len(seen) == len(set(seen)) == 5
    server_id = service.call("GET", "/v1/servers").json["servers"][0]["uuid"]
    assert len(service.call("GET", f"/v1/operations?server_uuid={server_id}").json["operations"]) == 1
    assert service.call("GET", "/v1/operations?state=nosuch").status == 400


def test_what_an_operator_starts_belongs_to_the_servers_project(service: Service) -> None:
    """Its members follow it, and what it makes is theirs: the port was of the operator's project."""
    path = f"/v1/servers/{properties.active(service)}"
    private = service.world.add_network(project_id="red", shared=False)
    reply = service.call("POST", f"{path}/networks/interfaces", {"net_id": private}, token=ADMIN)
    assert reply.status == 204
    operation = reply.headers["location"].removeprefix("http://localhost")
    assert service.call("GET", operation, token=MEMBER).json["project_id"] == "red"
    service.work()
    assert service.call("GET", operation, token=MEMBER).json["state"] == "done"
    assert {port.project_id for port in service.world.ports.values()} == {"red"}
    assert service.call("DELETE", path, token=ADMIN).status == 204
    assert {row["project_id"] for row in service.live()} == {"red"}


def test_many_long_polls_leave_room_for_others(service: Service) -> None:
    """A tenant's forty polls held every thread of the process."""
    service.conf.set_override("max_polls", 2, "api")
    service.application = app.build(wsgi_assembly.services(service.conf, service.db, service.gateways, service.woken.append))
    properties.create(service)
    operation = service.rows(models.Operation)[0]["id"]
    began = threading.Barrier(3)
    done: list[float] = []

    def poll() -> None:
        began.wait()
        begin = time.monotonic()
        assert service.call("GET", f"/v1/operations/{operation}?wait=2&after=99").status == 200
        done.append(time.monotonic() - begin)

    threads = [threading.Thread(target=poll) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    quick, *slow = sorted(done)
    assert quick < 1.5 < min(slow)


def test_steps_are_estimated_by_what_the_same_took_before(service: Service) -> None:
    body = service.prepared(nodes=4)
    flavor, other = body["server"]["flavor_uuid"], service.flavor()

    def estimates(flavor: str, **more: str) -> list[object]:
        """Of a create that waits for its machine."""
        service.world.instant = False
        server = service.call("POST", "/v1/servers", {"server": {**body["server"], "flavor_uuid": flavor}}).json["uuid"]
        service.step()
        [operation] = service.call("GET", f"/v1/operations?server_uuid={server}").json["operations"]
        steps = service.call("GET", f"/v1/operations/{operation['uuid']}", **more).json["steps"]  # type: ignore[arg-type]
        service.world.instant = True
        service.work()
        return [step.get("estimate", "not shown") for step in steps]

    assert set(estimates(flavor)) == {None}
    assert all(isinstance(seconds, float) for seconds in estimates(flavor))
    assert set(estimates(other)) == {None}, "another flavor's machines take other times"
    assert set(estimates(flavor, version="1.2")) == {"not shown"}
