# SPDX-License-Identifier: Apache-2.0
"""The contract of the protocol Neutron, and what the flat network that stands in for it keeps of it."""

import dataclasses
import uuid
from typing import Any

import pytest

from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.domain.observed import PortSeen
from baremetal_svc.gateways.embedded import FlatNetwork
from tests.contract.conftest import Outside

CLAIM, OTHER_CLAIM = "c1", "c10"


def arguments(outside: Outside, server_id: str, **changed: Any) -> dict[str, Any]:
    project = outside.project()
    made = {"server_id": server_id, "claim_id": CLAIM, "index": 0, "project_id": project, "mac_address": None, "hostname": "one"}
    return {"network_id": changed.get("network_id") or outside.network(changed.get("project_id", project)), **made, **changed}


def test_networks_are_shown_to_those_who_may_use_them(outside: Outside) -> None:
    owner, stranger = outside.project(), outside.project()
    own, shared = outside.network(owner), outside.network(owner, shared=True)
    seen = outside.neutron.get_network(own, owner)
    assert seen is not None and (seen.id, seen.project_id, seen.shared, len(seen.subnet_ids)) == (own, owner, False, 1)
    assert outside.neutron.get_network(own, stranger) is None
    everybody = outside.neutron.get_network(shared, stranger)
    assert everybody is not None and everybody.shared
    assert outside.neutron.get_network(str(uuid.uuid4()), owner) is None


def test_create_finds_what_an_earlier_call_made(outside: Outside, server_id: str) -> None:
    wanted = arguments(outside, server_id)
    assert outside.neutron.find_port(server_id, CLAIM, 0) is None
    made = outside.neutron.create_port(**wanted)
    assert (made.network_id, made.project_id, made.device_id) == (wanted["network_id"], wanted["project_id"], server_id)
    assert made.mac_address and made.fixed_ips[0]["ip_address"]
    assert outside.neutron.create_port(**wanted) == made
    assert outside.neutron.find_port(server_id, CLAIM, 0) == made
    assert outside.neutron.get_port(made.id) == made


def test_ports_are_listed_by_server_and_claim(outside: Outside, server_id: str) -> None:
    wanted = arguments(outside, server_id)
    first = outside.neutron.create_port(**wanted)
    second = outside.neutron.create_port(**{**wanted, "index": 1})
    other = outside.neutron.create_port(**{**wanted, "claim_id": OTHER_CLAIM})
    own = outside.tenant_port(wanted["network_id"], wanted["project_id"])
    outside.neutron.attach_port(own, server_id=server_id, project_id=wanted["project_id"])
    assert {port.id for port in outside.neutron.list_ports(server_id)} == {first.id, second.id, other.id, own}
    assert {port.id for port in outside.neutron.list_ports(server_id, CLAIM)} == {first.id, second.id}
    assert outside.neutron.list_ports(str(uuid.uuid4())) == []


def test_create_is_refused_for_a_mac_in_use_and_an_unknown_network(outside: Outside, server_id: str) -> None:
    wanted = arguments(outside, server_id, mac_address="fa:16:3e:00:00:01")
    made = outside.neutron.create_port(**wanted)
    assert made.mac_address == "fa:16:3e:00:00:01"
    with pytest.raises(OutsideRefused):
        outside.neutron.create_port(**{**wanted, "index": 1})
    with pytest.raises(OutsideRefused):
        outside.neutron.create_port(**{**wanted, "index": 2, "network_id": str(uuid.uuid4())})


def test_attach_takes_a_free_port_of_the_project(outside: Outside, server_id: str, other_id: str) -> None:
    project = outside.project()
    port = outside.tenant_port(outside.network(project), project)
    for refused in ({"port_id": port, "project_id": outside.project()}, {"port_id": str(uuid.uuid4()), "project_id": project}):
        with pytest.raises(OutsideRefused):
            outside.neutron.attach_port(refused["port_id"], server_id=server_id, project_id=refused["project_id"])
    taken = outside.neutron.attach_port(port, server_id=server_id, project_id=project)
    assert taken.device_id == server_id
    assert outside.neutron.attach_port(port, server_id=server_id, project_id=project) == taken
    with pytest.raises(OutsideRefused):
        outside.neutron.attach_port(port, server_id=other_id, project_id=project)


def test_release_deletes_or_preserves(outside: Outside, server_id: str) -> None:
    wanted = arguments(outside, server_id)
    made = outside.neutron.create_port(**wanted)
    kept = outside.tenant_port(wanted["network_id"], wanted["project_id"])
    outside.neutron.attach_port(kept, server_id=server_id, project_id=wanted["project_id"])
    for _ in range(2):
        outside.neutron.release_port(made.id, preserve=False)
        outside.neutron.release_port(kept, preserve=True)
    assert outside.neutron.get_port(made.id) is None
    left = outside.neutron.get_port(kept)
    assert left is not None and left.device_id == ""
    outside.neutron.release_port(str(uuid.uuid4()), preserve=True)
    assert outside.neutron.list_ports(server_id) == []


def surveyed(outside: Outside) -> dict[str, PortSeen]:
    found = outside.neutron.survey_ports()
    assert found is not None
    return {port.id: port for port in found}


def test_a_survey_shows_ports_that_were_made_or_taken_and_no_others(outside: Outside, server_id: str) -> None:
    wanted = arguments(outside, server_id)
    made = outside.neutron.create_port(**{**wanted, "index": 3})
    free = outside.tenant_port(wanted["network_id"], wanted["project_id"])
    taken = outside.tenant_port(wanted["network_id"], wanted["project_id"])
    foreign = outside.tenant_port(wanted["network_id"], wanted["project_id"], device_id=str(uuid.uuid4()))
    outside.neutron.attach_port(taken, server_id=server_id, project_id=wanted["project_id"])
    found = surveyed(outside)
    assert found[made.id] == PortSeen(made.id, wanted["network_id"], server_id, CLAIM, 3)
    assert found[taken] == PortSeen(taken, wanted["network_id"], server_id, None, None)
    assert free not in found and foreign not in found
    outside.neutron.disown_port(made.id)
    outside.neutron.release_port(taken, preserve=True)
    assert not {made.id, taken} & surveyed(outside).keys()


def test_ping(outside: Outside) -> None:
    outside.neutron.ping()


def test_flat_network_computes_its_ports() -> None:
    network_id = str(uuid.uuid4())
    flat, again = (FlatNetwork(network_id=network_id, name="flat", subnet_id="s") for _ in range(2))
    wanted: dict[str, Any] = {
        "server_id": "s1",
        "claim_id": CLAIM,
        "index": 0,
        "network_id": network_id,
        "project_id": "p",
        "hostname": "one",
    }
    made = flat.create_port(**wanted, mac_address=None)
    assert again.create_port(**wanted, mac_address=None) == made
    found = again.find_port("s1", CLAIM, 0)
    assert found is not None and found.id == made.id
    assert flat.create_port(**{**wanted, "index": 1}, mac_address=None).id != made.id
    assert flat.survey_ports() is None  # type: ignore[func-returns-value]
    assert flat.get_network(network_id, "anybody") is not None and flat.get_network("other", "anybody") is None
    with pytest.raises(OutsideRefused):
        flat.create_port(**{**wanted, "network_id": "other"}, mac_address=None)
    # servers.create names the MAC of the machine's own NIC: the config drive must carry it.
    assert flat.create_port(**wanted, mac_address="fa:16:3e:00:00:01").mac_address == "fa:16:3e:00:00:01"
    with pytest.raises(OutsideRefused):
        flat.attach_port(made.id, server_id="s1", project_id="p")
    flat.release_port(made.id, preserve=False)
    assert flat.list_ports("s1") == []


def test_disown_leaves_the_port(outside: Outside, server_id: str) -> None:
    wanted = arguments(outside, server_id)
    made = outside.neutron.create_port(**wanted)
    for _ in range(2):
        outside.neutron.disown_port(made.id)
    left = outside.neutron.get_port(made.id)
    assert left is not None and (left.device_id, left.fixed_ips) == ("", made.fixed_ips)
    outside.neutron.disown_port(str(uuid.uuid4()))


def test_a_floating_ip_is_its_project_s_and_points_at_a_port(outside: Outside) -> None:
    (project, token), (stranger, foreign) = outside.caller("demo"), outside.caller("other")
    address = outside.floating_ip("demo")
    for asked in (token, None):
        found = outside.neutron.find_floating_ip(address, project, asked)
        assert found is not None and (found.address, found.port_id, found.fixed_ip) == (address, None, None)
    assert outside.neutron.find_floating_ip(address, stranger, foreign) is None
    port_id = outside.tenant_port(outside.reachable_network(), project)
    port = outside.neutron.get_port(port_id, token)
    assert port is not None
    fixed = port.fixed_ips[0]["ip_address"]
    for _ in range(2):
        outside.neutron.set_floating_ip(found.id, port_id, fixed, token)
    found = outside.neutron.find_floating_ip(address, project, token)
    assert found is not None and (found.port_id, found.fixed_ip) == (port_id, fixed)
    with pytest.raises(OutsideRefused):
        outside.neutron.set_floating_ip(found.id, port_id, "192.0.2.1", token)
    for _ in range(2):
        outside.neutron.set_floating_ip(found.id, None, None, token)
    assert outside.neutron.find_floating_ip(address, project, token) == dataclasses.replace(found, port_id=None, fixed_ip=None)
    outside.neutron.release_port(port_id, preserve=False)


def test_what_is_asked_in_a_caller_s_name_is_what_that_caller_may_see(outside: Outside) -> None:
    (project, token), (stranger, foreign) = outside.caller("demo"), outside.caller("other")
    own, shared = outside.network(project), outside.reachable_network()
    for network in (own, shared):
        seen = outside.neutron.get_network(network, project, token)
        assert seen is not None and len(seen.subnet_ids) == 1
    assert outside.neutron.get_network(own, stranger, foreign) is None
    assert outside.neutron.get_network(shared, stranger, foreign) is not None
    assert outside.neutron.get_network(str(uuid.uuid4()), project, token) is None
    port = outside.tenant_port(own, project)
    assert outside.neutron.get_port(port, token) == outside.neutron.get_port(port)
    assert outside.neutron.get_port(str(uuid.uuid4()), token) is None
