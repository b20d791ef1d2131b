# SPDX-License-Identifier: Apache-2.0
"""Defects of Mogan that must not happen here, by their numbers in its list; those of one feature are with that feature's tests.

Not applicable: 6 and 37 (consoles are not built), 8 (its dashboard), 10 (Python 2's dictionaries), 27 (there is no call to a scheduler),
31 (no cache of nodes), 33 (no task_state).
"""

import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.db import models
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, MEMBER, READER, Service


def test_defect_1_each_of_many_requests_at_once_works_on_what_it_was_authorised_for(service: Service) -> None:
    mine = properties.create(service)["uuid"]
    body = service.prepared(nodes=0)
    theirs = service.call("POST", "/v1/servers", body, token=FOREIGN).json["uuid"]
    wrong: list[Any] = []

    def ask(token: str, server_id: str, expected: int) -> None:
        for _ in range(30):
            reply = service.call("GET", f"/v1/servers/{server_id}", token=token)
            if reply.status != expected or (expected == 200 and reply.json["uuid"] != server_id):
                wrong.append((token, server_id, reply.status))

    asked = [(MEMBER, mine, 200), (MEMBER, theirs, 404), (FOREIGN, theirs, 200), (FOREIGN, mine, 404)]
    threads = [threading.Thread(target=ask, args=arguments) for arguments in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_defect_2_nobody_reads_makes_or_deletes_another_user_s_key_pairs(service: Service) -> None:
    service.call("POST", "/v1/keypairs", {"name": "k"})
    for method, path, body in (
        ("GET", "/v1/keypairs?user_id=alice", None),
        ("GET", "/v1/keypairs/k?user_id=alice", None),
        ("DELETE", "/v1/keypairs/k?user_id=alice", None),
        ("POST", "/v1/keypairs", {"name": "new", "user_id": "alice"}),
    ):
        assert service.call(method, path, body, token=FOREIGN).status == 403
    assert service.call("GET", "/v1/keypairs/k", token=FOREIGN).status == 404
    assert service.call("GET", "/v1/keypairs/k").status == 200


def test_defect_4_lists_and_markers_are_of_the_caller_s_project(service: Service) -> None:
    server = properties.create(service)["uuid"]
    assert service.call("GET", "/v1/servers?all_tenants=True", token=FOREIGN).json["servers"] == []
    assert service.call("GET", f"/v1/servers?marker={server}", token=FOREIGN).status == 404
    assert service.call("GET", "/v1/servers", token="eve:red:nobody").status == 403


def test_defect_5_a_fault_tells_no_traceback(service: Service) -> None:
    server = properties.create(service)["uuid"]

    def broken(name: str, task: Any) -> None:
        def execute(**kwargs: Any) -> Any:
            raise ZeroDivisionError("at /usr/lib/secret.py line 7")

        if name == "start-deploy":
            task.execute = execute

    service.runner = properties.wrapped(service, "servers.create", broken)
    properties.finish(service)
    for token in (MEMBER, ADMIN):
        for path in (f"/v1/servers/{server}", f"/v1/servers/{server}/events", f"/v1/servers/{server}/faults", "/v1/operations"):
            told = service.call("GET", path, token=token).raw.decode()
            assert "Traceback" not in told and "secret.py" not in told and "ZeroDivision" not in told


def test_defects_11_and_12_a_machine_is_never_given_twice_however_often_the_inventory_is_read(service: Service) -> None:
    body = service.prepared(nodes=2)
    for _ in range(4):
        service.call("POST", "/v1/servers", body)
    for _ in range(8):
        service.step()
        service.sync()
    service.work()
    held = [row["held_node"] for row in service.rows(models.Claim) if row["held_node"]]
    assert len(held) == len(set(held)) == 2
    assert sorted(row["status"] for row in service.rows(models.Server)) == ["active", "active", "error", "error"]


def test_defect_15_a_node_that_failed_is_not_tried_again_by_the_same_create(service: Service) -> None:
    properties.create(service)
    service.world.fail_next("deploy", times=2)
    service.work()
    deployed = [arguments["node_id"] for method, arguments in service.world.calls if method == "deploy"]
    assert len(deployed) == len(set(deployed)) == 3


def test_defect_16_capacity_returns_with_the_machine(service: Service) -> None:
    body = service.prepared(nodes=1)
    for _ in range(2):
        server = service.call("POST", "/v1/servers", body).json["uuid"]
        service.work()
        assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"
        service.call("DELETE", f"/v1/servers/{server}")
        properties.finish(service)
        assert len(service.rows(models.Offer)) == 1


def test_defect_17_access_to_a_flavor_is_taken_away_by_its_uuid(service: Service) -> None:
    flavor = service.flavor(is_public=False)
    access = f"/v1/flavors/{flavor}/access"
    assert service.call("POST", access, {"tenant_id": "red"}, token=ADMIN).status == 204
    assert service.call("DELETE", f"{access}/red", token=ADMIN).status == 204
    assert service.call("GET", access, token=ADMIN).json == {"flavor_access": []}


def test_defect_20_a_machine_that_was_switched_by_somebody_else_is_shown_so_and_can_be_started(service: Service) -> None:
    server = properties.active(service)
    [node] = [node for node in service.world.nodes.values() if node.instance_id == server]
    for power, status in (("power off", "stopped"), ("power on", "active"), ("power off", "stopped")):
        node.power_state = power
        service.sync()
        shown = service.call("GET", f"/v1/servers/{server}").json
        assert (shown["status"], shown["power_state"]) == (status, power)
    assert service.call("PUT", f"/v1/servers/{server}/states/power", {"target": "on"}).status == 202
    service.work()
    assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"


def test_defect_20_maintenance_of_a_machine_changes_no_status(service: Service) -> None:
    server = properties.active(service)
    service.call("PUT", f"/v1/servers/{server}/states/power", {"target": "off"})
    service.work()
    [node] = [node for node in service.world.nodes.values() if node.instance_id == server]
    for maintenance in (True, False):
        node.maintenance = maintenance
        service.sync()
        assert service.call("GET", f"/v1/servers/{server}").json["status"] == "stopped"


def test_defects_24_25_28_any_conductor_goes_on_where_another_died(service: Service) -> None:
    properties.create(service)
    claims, other = service.claims, service.new_conductor("other")
    [(operation, _)] = claims.take(10)
    service.pass_time(service.lease + 1)
    assert [row["id"] for row, _ in other._claims.take(10)] == [operation["id"]]


def test_defect_26_a_list_costs_the_same_number_of_statements_however_long_it_is(service: Service) -> None:
    body = service.prepared(nodes=0)
    counted: list[str] = []
    sa.event.listen(service.db.engine, "before_cursor_execute", lambda *arguments: counted.append(arguments[2]))
    costs = []
    for count in (1, 9):
        asked = {"server": {**body["server"], "min_count": count, "max_count": count, "tags": ["t"]}}
        assert service.call("POST", "/v1/servers", asked).status == 201
        counted.clear()
        service.call("GET", "/v1/servers/detail")
        costs.append(len([statement for statement in counted if not statement.startswith("BEGIN")]))
    assert costs == [1, 1]


def test_defect_29_no_token_is_stored(service: Service) -> None:
    token = "alice:red:member,reader"
    properties.create(service)
    service.work()
    with service.db.read() as conn:
        for table in sa.inspect(service.db.engine).get_table_names():
            assert token not in str(conn.exec_driver_sql(f'SELECT * FROM "{table}"').all()), table


def test_defect_30_a_port_in_use_is_a_conflict(service: Service) -> None:
    body = service.prepared()
    port = service.gateways.neutron.add_port(service.network, "red", device_id="another")
    body["server"]["networks"] = [{"port_id": port}]
    assert service.call("POST", "/v1/servers", body).status == 409
    assert service.rows(models.Server) == []


def test_defect_34_what_cannot_be_sorted_by_is_refused(service: Service) -> None:
    for query in ("sort_dir=sideways", "sort_key=nosuch", "marker=x", "limit=0", "limit=x"):
        assert service.call("GET", f"/v1/servers?{query}").status == 400


def test_defect_35_a_server_with_tags_can_be_deleted(service: Service) -> None:
    server = properties.create(service, tags=["a"])["uuid"]
    service.work()
    service.call("DELETE", f"/v1/servers/{server}")
    properties.finish(service)
    assert service.rows(models.ServerTag) == service.rows(models.Server) == []


def test_defect_36_every_server_of_a_batch_can_be_found(service: Service) -> None:
    body = service.prepared()
    body["server"] |= {"min_count": 3, "max_count": 3, "name": "many"}
    reply = service.call("POST", "/v1/servers", body)
    found = service.call("GET", "/v1/servers?name=many").json["servers"]
    assert sorted(server["name"] for server in found) == ["many-1", "many-2", "many-3"]
    assert reply.json["uuid"] in [server["uuid"] for server in found]
    requests = {row["request_id"] for row in service.rows(models.Operation)}
    assert requests == {reply.headers["x-openstack-request-id"]}


def test_defect_38_a_client_says_which_version_it_speaks(service: Service) -> None:
    document = service.call("GET", "/", token=READER).json["versions"][0]
    assert (document["min_version"], document["status"]) == ("1.1", "CURRENT")
    assert service.call("GET", "/v1/servers", version="1.99").status == 406
    newer = service.call("GET", "/v1/reservations", version="1.5").json["errors"][0]
    assert newer["hint"] == "Send the header OpenStack-API-Version: baremetal_compute 1.6." and "needs microversion 1.6" in newer["detail"]


@pytest.mark.parametrize("what", ["ironic", "neutron"])
def test_section_7_a_frozen_service_behind_us_does_not_hold_who_only_reads(tmp_path: Path, what: str) -> None:
    service = Service(tmp_path)
    try:
        server = properties.active(service)
        service.world.away(what)
        assert service.call("GET", f"/v1/servers/{server}").status == 200
        assert service.call("GET", f"/v1/servers/{uuid.uuid4()}").status == 404
    finally:
        service.close()
