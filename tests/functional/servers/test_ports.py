# SPDX-License-Identifier: Apache-2.0
"""Servers with ports of the tenant's own, and with more networks than some machines have network cards."""

import threading
from typing import Any

import pytest

from tests.fixtures import properties
from tests.fixtures.service import ADMIN, Service


def _own(service: Service, project: str = "red") -> dict[str, str]:
    return {"port_id": service.gateways.neutron.add_port(network_id=service.network, project_id=project)}


def _refused(service: Service, body: Any, status: int) -> str:
    before = service.held()
    reply = service.call("POST", "/v1/servers", body)
    assert (reply.status, service.held()) == (status, before), reply.raw
    return str(reply.json["errors"][0]["detail"])


def test_a_port_of_the_tenants_own(service: Service) -> None:
    body = service.prepared()
    port_id = service.gateways.neutron.add_port(network_id=service.network, project_id="red")  # type: ignore[attr-defined]
    foreign = service.gateways.neutron.add_port(network_id=service.network, project_id="blue")  # type: ignore[attr-defined]
    body["server"]["networks"] = [{"port_id": foreign}]
    assert service.call("POST", "/v1/servers", body).status == 404
    body["server"]["networks"] = [{"port_id": port_id}]
    server = service.call("POST", "/v1/servers", body).json
    service.work()
    assert service.gateways.neutron.get_port(port_id).device_id == server["uuid"]  # type: ignore[union-attr]
    assert service.call("POST", "/v1/servers", body).status == 409, "the port is in use"
    service.call("DELETE", f"/v1/servers/{server['uuid']}")
    properties.finish(service)
    assert service.gateways.neutron.get_port(port_id).device_id == "", "given back, not deleted"  # type: ignore[union-attr]


def test_a_port_is_for_one_card_of_one_server(service: Service) -> None:
    body = service.prepared()
    port = _own(service)
    body["server"]["networks"] = [port, {"port_id": port["port_id"].upper()}]
    assert "twice" in _refused(service, body, 400)
    body["server"] |= {"networks": [port], "max_count": 2}
    assert "2 servers" in _refused(service, body, 400)
    assert service.live() == []


def test_a_port_is_in_use_from_the_request_on(service: Service) -> None:
    standing = properties.active(service)
    body = service.prepared(nodes=2)
    body["server"]["networks"] = [port := _own(service)]
    assert service.call("POST", "/v1/servers", body).status == 201
    assert "in use" in _refused(service, body, 409)
    attach = f"/v1/servers/{standing}/networks/interfaces"
    assert service.call("POST", attach, port).status == 409
    other = _own(service)
    assert service.call("POST", attach, other).status == 204
    body["server"]["networks"] = [other]
    assert "in use" in _refused(service, body, 409)


@pytest.mark.parametrize("late", ["create", "attach"])
def test_a_port_is_promised_once_at_the_same_moment(service: Service, monkeypatch: pytest.MonkeyPatch, late: str) -> None:
    """The second request comes and goes while Neutron tells the first one that the port is free."""
    standing = properties.active(service)
    body = service.prepared(nodes=2)
    body["server"]["networks"] = [port := _own(service)]
    look, statuses = service.gateways.neutron.get_port, []
    other = threading.Thread(target=lambda: statuses.append(service.call("POST", "/v1/servers", body).status))

    def get_port(*args: Any) -> Any:
        found = look(*args)
        if other.ident is None:
            other.start()
            other.join()
        return found

    monkeypatch.setattr(service.gateways.neutron, "get_port", get_port)
    if late == "create":
        reply = service.call("POST", "/v1/servers", body)
    else:
        reply = service.call("POST", f"/v1/servers/{standing}/networks/interfaces", port)
    assert (statuses, reply.status) == ([201], 409), reply.raw


def test_the_port_of_a_server_that_failed_is_free_again(service: Service) -> None:
    body = service.prepared(nodes=0)
    body["server"]["networks"] = [port := _own(service)]
    assert service.call("POST", "/v1/servers", body).status == 201
    properties.finish(service)
    assert [row["status"] for row in service.call("GET", "/v1/servers").json["servers"]] == ["error"]
    service.world.add_nodes(1)
    service.sync()
    made = service.call("POST", "/v1/servers", body).json
    service.work()
    assert service.gateways.neutron.get_port(port["port_id"]).device_id == made["uuid"]  # type: ignore[union-attr]


def test_a_server_is_put_on_a_machine_with_a_card_for_each_network(service: Service) -> None:
    [large] = service.world.add_nodes(1, cards=3)
    service.world.add_nodes(2, resource_class="other", cards=2)
    service.flavor("other")
    body = service.prepared(4)
    body["server"]["networks"] *= 3
    first = service.call("POST", "/v1/servers", body).json
    service.work()
    assert service.call("GET", f"/v1/servers/{first['uuid']}").json["status"] == "active"
    assert service.call("GET", f"/v1/servers/{first['uuid']}", token=ADMIN).json["node"] == service.world.nodes[large].name
    told = service.call("POST", "/v1/scheduling/dry-run", body).json
    assert told["fits"] is False
    assert {"predicate": "has more than 2 network cards", "nodes": 0} in told["explanation"]["table"]
    assert service.call("POST", "/v1/servers", body).status == 201
    service.work()
    [failed] = [row for row in service.call("GET", "/v1/operations").json["operations"] if row["state"] == "failed"]
    assert (failed["error"]["code"], len(service.held()["claims"])) == ("no_valid_node", 1)


@pytest.mark.parametrize("networks", [3, {}, "net", [None] * 17])
def test_a_dry_run_takes_networks_or_nothing(service: Service, networks: Any) -> None:
    body = service.prepared()
    body["server"]["networks"] = networks
    assert service.call("POST", "/v1/scheduling/dry-run", body).status == 400
