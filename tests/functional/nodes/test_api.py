# SPDX-License-Identifier: Apache-2.0
"""Nodes over REST: names in the contract, details from 1.2 on, operators only."""

import uuid

from tests.fixtures.service import ADMIN, Service


def test_names_and_details(service: Service) -> None:
    service.world.add_nodes(3)
    service.sync()
    assert service.call("GET", "/v1/nodes", token=ADMIN, version="1.1").json == {"nodes": ["node-0", "node-1", "node-2"]}
    found = service.call("GET", "/v1/nodes?limit=2", token=ADMIN).json
    assert len(found["nodes"]) == 2
    assert found["nodes_links"]
    node = service.call("GET", f"/v1/nodes/{found['nodes'][0]['uuid']}", token=ADMIN).json
    assert (node["offered"], node["server_uuid"], node["provision_state"]) == (True, None, "available")


def test_tenants_see_no_nodes(service: Service) -> None:
    assert service.call("GET", "/v1/nodes").status == 403
    assert service.call("GET", f"/v1/nodes/{uuid.uuid4()}").status == 403
    assert service.call("GET", f"/v1/nodes/{uuid.uuid4()}", token=ADMIN).status == 404
