# SPDX-License-Identifier: Apache-2.0
"""Faults: history of a server for its project, of everything for operators."""

from sqlalchemy import Connection

from baremetal_svc.db import faults, models
from baremetal_svc.scheduler.offers import recompute
from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service


def test_faults_stay_after_they_are_cleared(service: Service) -> None:
    server = properties.create(service)
    service.world.fail_next("deploy", times=9)
    properties.finish(service)
    path = f"/v1/servers/{server['uuid']}/faults"
    [fault] = service.call("GET", path, token=READER).json["faults"]
    # The nodes that failed were cleaned, and then there was none left that had not been tried.
    assert (fault["target_kind"], fault["target_uuid"], fault["cleared_at"]) == ("server", server["uuid"], None)
    assert service.call("GET", path, token=FOREIGN).status == 404
    assert service.call("GET", "/v1/faults").status == 403
    every = service.call("GET", "/v1/faults", token=ADMIN).json["faults"]
    nodes = service.call("GET", "/v1/faults?target_kind=node", token=ADMIN).json["faults"]
    assert {fault["code"] for fault in nodes} == {"deploy_failed"} and all(fault["cleared_at"] for fault in nodes)
    assert {fault["target_kind"] for fault in every} >= {"node", "server"}
    assert service.call("GET", "/v1/faults?target_kind=node&open=true", token=ADMIN).json["faults"] == []
    one = service.call("GET", f"/v1/faults?target_uuid={nodes[0]['target_uuid']}", token=ADMIN).json["faults"]
    assert [fault["uuid"] for fault in one] == [nodes[0]["uuid"]]


def test_nothing_of_a_server_stays_open_when_it_is_deleted(service: Service) -> None:
    """Each create that found no machine left a fault of its operation, for good."""
    server = properties.create(service, flavor_uuid=service.flavor("there-is-none"))
    service.work()
    still = "/v1/faults?open=true"
    assert {fault["target_kind"] for fault in service.call("GET", still, token=ADMIN).json["faults"]} == {"server", "operation"}
    assert service.call("DELETE", f"/v1/servers/{server['uuid']}").status == 204
    properties.finish(service)
    assert service.call("GET", still, token=ADMIN).json["faults"] == []


def test_a_node_with_a_fault_is_offered_again_when_an_operator_clears_it(service: Service) -> None:
    properties.active(service)
    [node_id, *_] = [node_id for node_id, node in service.world.nodes.items() if not node.instance_id]

    def fail(conn: Connection) -> None:
        faults.record(conn, kind="node", target_id=node_id, operation_id=None, code="bad_disk", message="A disk is bad.")
        recompute(conn, [node_id])

    service.db.transact(fail)
    assert node_id not in {row["node_id"] for row in service.rows(models.Offer)}
    [fault] = service.call("GET", "/v1/faults?open=true", token=ADMIN).json["faults"]
    path = f"/v1/faults/{fault['uuid']}/cleared"
    assert service.call("PUT", path).status == 403
    assert [service.call("PUT", path, token=ADMIN).status for _ in range(2)] == [204, 204]
    assert node_id in {row["node_id"] for row in service.rows(models.Offer)}
    assert service.call("GET", f"/v1/faults?target_uuid={node_id}", token=ADMIN).json["faults"][0]["cleared_at"] is not None
    assert service.call("PUT", "/v1/faults/00000000-0000-4000-8000-000000000009/cleared", token=ADMIN).status == 404


def test_pages_and_markers(service: Service) -> None:
    service.world.fail_next("deploy", times=9)
    properties.create(service)
    properties.finish(service)
    every = [fault["uuid"] for fault in service.call("GET", "/v1/faults", token=ADMIN).json["faults"]]
    first = service.call("GET", "/v1/faults?limit=2", token=ADMIN).json
    assert [fault["uuid"] for fault in first["faults"]] == every[:2]
    rest = service.call("GET", first["faults_links"][0]["href"].partition("localhost")[2], token=ADMIN).json["faults"]
    assert [fault["uuid"] for fault in rest] == every[2:4]
    for marker in ("x", "00000000-0000-4000-8000-000000000009"):
        assert service.call("GET", f"/v1/faults?marker={marker}", token=ADMIN).status in (400, 404)
