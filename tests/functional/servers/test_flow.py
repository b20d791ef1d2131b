# SPDX-License-Identifier: Apache-2.0
"""servers.create and servers.delete end to end."""

from tests.fixtures.service import ADMIN, Service


def test_create_then_delete(service: Service) -> None:
    body = service.prepared()
    before = service.held()
    reply = service.call("POST", "/v1/servers", body)
    assert reply.status == 201, reply.raw
    server = reply.json
    assert server["status"] == "building"
    service.work()
    shown = service.call("GET", f"/v1/servers/{server['uuid']}", token=ADMIN).json
    assert shown["status"] == "active", [r["error"] for r in service.rows(__import__("baremetal_svc.db.models").db.models.Operation)]
    assert shown["node"]
    assert shown["addresses"]
    reply = service.call("DELETE", f"/v1/servers/{server['uuid']}")
    assert reply.status == 204
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").status == 404
    service.pass_time(120)
    service.work()
    assert service.held() == before
