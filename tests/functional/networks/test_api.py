# SPDX-License-Identifier: Apache-2.0
"""Connections over the API: the list, what is refused, floating IPs."""

import uuid
from typing import Any

import pytest

from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service

FLOATING = "203.0.113.7"


@pytest.fixture
def path(service: Service) -> str:
    return f"/v1/servers/{properties.active(service)}/networks"


def test_the_list_counts_what_is_attached_and_no_longer_what_is_detached(service: Service, path: str) -> None:
    [first] = service.call("GET", path).json["nics"]
    assert set(first) == {"port_id", "network_id", "mac_address", "fixed_ips", "floating_ip"}
    reply = service.call("POST", f"{path}/interfaces", {"net_id": service.network})
    assert (reply.status, reply.raw) == (204, b"")
    assert [nic["port_id"] for nic in service.call("GET", path).json["nics"]] == [first["port_id"], None]
    operation = reply.headers["location"].rpartition("/")[2]
    service.work()
    shown = service.call("GET", f"/v1/operations/{operation}").json
    assert (shown["kind"], shown["state"], len(shown["steps"])) == ("networks.attach", "done", 4)
    nics = service.call("GET", path).json["nics"]
    assert len({nic["mac_address"] for nic in nics}) == 2
    assert service.call("DELETE", f"{path}/interfaces/{first['port_id']}").status == 204
    assert [nic["port_id"] for nic in service.call("GET", path).json["nics"]] == [nics[1]["port_id"]]
    service.work()
    assert first["port_id"] not in service.world.ports
    [server] = service.call("GET", "/v1/servers/detail").json["servers"]
    assert [address["addr"] for address in server["addresses"][service.network]] == [nics[1]["fixed_ips"][0]["ip_address"]]


@pytest.mark.parametrize("body", [{}, {"net_id": "x"}, {"net_id": str(uuid.uuid4()), "port_id": str(uuid.uuid4())}, [], "no", None])
def test_bad_bodies(service: Service, path: str, body: Any) -> None:
    assert service.call("POST", f"{path}/interfaces", body, raw=b"null" if body is None else None).status == 400


def test_what_is_refused(service: Service, path: str) -> None:
    network = {"net_id": service.network}
    assert service.call("POST", f"{path}/interfaces", {"net_id": str(uuid.uuid4())}).status == 404
    assert service.call("POST", f"{path}/interfaces", {"port_id": str(uuid.uuid4())}).status == 404
    theirs = service.gateways.neutron.add_port(service.network, "blue")
    assert service.call("POST", f"{path}/interfaces", {"port_id": theirs}).status == 404
    used = service.gateways.neutron.add_port(service.network, "red", device_id="another")
    assert service.call("POST", f"{path}/interfaces", {"port_id": used}).status == 409
    assert service.call("POST", f"{path}/interfaces", {"net_id": service.world.add_network(subnets=0)}).status == 400
    assert service.call("DELETE", f"{path}/interfaces/{uuid.uuid4()}").status == 404
    for token, status in ((FOREIGN, 404), (READER, 403)):
        assert service.call("POST", f"{path}/interfaces", network, token=token).status == status
    assert service.call("GET", path, token=READER).status == 200
    assert service.call("GET", path, token=FOREIGN).status == 404
    assert service.live() == []


def test_one_change_at_a_time_and_never_more_than_the_machine_has_cards(service: Service, path: str) -> None:
    network = {"net_id": service.network}
    assert service.call("POST", f"{path}/interfaces", network).status == 204
    reply = service.call("POST", f"{path}/interfaces", network)
    assert (reply.status, reply.json["errors"][0]["code"]) == (409, "operation_in_progress")
    service.work()
    reply = service.call("POST", f"{path}/interfaces", network)
    assert reply.status == 409
    assert "2 network cards" in reply.json["errors"][0]["detail"]


def test_defect_18_nothing_is_attached_in_a_status_that_is_not_for_it(service: Service) -> None:
    server = properties.create(service)
    path = f"/v1/servers/{server['uuid']}/networks"
    for call in (
        ("POST", f"{path}/interfaces", {"net_id": service.network}),
        ("DELETE", f"{path}/interfaces/{uuid.uuid4()}", None),
        ("POST", f"{path}/floatingips", {"address": FLOATING}),
        ("DELETE", f"{path}/floatingips/{FLOATING}", None),
    ):
        assert service.call(*call).status == 409


def test_a_locked_server_keeps_its_connections(service: Service, path: str) -> None:
    lock = path.replace("networks", "states/lock")
    assert service.call("PUT", lock, {"target": True}).status == 202
    assert service.call("POST", f"{path}/interfaces", {"net_id": service.network}).status == 409
    assert service.call("POST", f"{path}/interfaces", {"net_id": service.network}, token=ADMIN).status == 204


def test_floating_ips(service: Service, path: str) -> None:
    service.gateways.neutron.add_floating_ip(FLOATING, "red")
    ips = f"{path}/floatingips"
    # What moganclient sends when its user names no fixed address: Mogan refused the null.
    assert service.call("POST", ips, {"address": FLOATING, "fixed_address": None}).status == 204
    [nic] = service.call("GET", path).json["nics"]
    assert nic["floating_ip"] == FLOATING
    [server] = service.call("GET", "/v1/servers/detail").json["servers"]
    assert [address["type"] for address in server["addresses"][service.network]] == ["fixed", "floating"]
    assert service.call("DELETE", f"{ips}/{FLOATING}").status == 204
    assert service.call("DELETE", f"{ips}/{FLOATING}").status == 404
    assert [ip.port_id for ip in service.world.floating_ips.values()] == [None]
    fixed = nic["fixed_ips"][0]["ip_address"]
    assert service.call("POST", ips, {"address": FLOATING, "fixed_address": fixed}).status == 204


def test_a_floating_ip_can_be_taken_away_when_the_request_that_gave_it_died(service: Service, path: str) -> None:
    given = service.gateways.neutron.add_floating_ip(FLOATING, "red")
    [nic] = service.call("GET", path).json["nics"]
    # As it stands when the API is killed between Neutron's answer and its own row.
    service.gateways.neutron.set_floating_ip(given, nic["port_id"], nic["fixed_ips"][0]["ip_address"])
    assert service.call("DELETE", f"{path}/floatingips/{FLOATING}").status == 204
    assert service.world.floating_ips[given].port_id is None
    assert service.call("DELETE", f"{path}/floatingips/{FLOATING}").status == 404


def test_a_floating_ip_is_pointed_once_however_often_it_is_asked(service: Service, path: str) -> None:
    given = service.gateways.neutron.add_floating_ip(FLOATING, "red")
    assert service.call("POST", f"{path}/interfaces", {"net_id": service.network}).status == 204
    service.work()
    assert service.call("POST", f"{path}/floatingips", {"address": FLOATING}).status == 204
    held = service.world.floating_ips[given].port_id
    assert service.call("POST", f"{path}/floatingips", {"address": FLOATING}).status == 204
    assert service.world.floating_ips[given].port_id == held
    assert [nic["floating_ip"] for nic in service.call("GET", path).json["nics"]] == [FLOATING, None]


def test_floating_ips_that_cannot_be_had(service: Service, path: str) -> None:
    service.gateways.neutron.add_floating_ip(FLOATING, "blue")
    mine = service.gateways.neutron.add_floating_ip("203.0.113.8", "red")
    ips = f"{path}/floatingips"
    assert service.call("POST", ips, {"address": FLOATING}).status == 404
    assert service.call("POST", ips, {"address": "203.0.113.8", "fixed_address": "192.0.2.1"}).status == 400
    service.world.floating_ips[mine].port_id = "another"
    assert service.call("POST", ips, {"address": "203.0.113.8"}).status == 409
    for bad in ({}, {"address": "nowhere"}, {"address": FLOATING, "fixed_address": "x"}, {"address": FLOATING, "more": 1}):
        assert service.call("POST", ips, bad).status == 400
    service.world.away("neutron")
    assert service.call("POST", ips, {"address": "203.0.113.8"}).status == 503
