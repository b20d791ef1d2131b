# SPDX-License-Identifier: Apache-2.0
"""How calls are sent: retries, time limits, the request id and the check before each send, against a small real HTTP server."""

import http.server
import json
import socket
import threading
import time
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

import pytest
from oslo_config import cfg
from oslo_context import context

from baremetal_svc.conf import gateways as options
from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.domain.observed import VifSeen
from baremetal_svc.gateways import real, sending, session
from baremetal_svc.gateways.ironic import IronicGateway
from baremetal_svc.gateways.neutron import NeutronGateway
from baremetal_svc.gateways.session import Refusal

NODE = "00000000-0000-4000-8000-000000000001"
SERVER = "00000000-0000-4000-8000-000000000002"


def _fault(text: str) -> bytes:
    return json.dumps(
        {"error_message": json.dumps({"faultcode": "Client", "faultstring": text, "debuginfo": "Traceback: secret"})}
    ).encode()


LOCKED = (409, _fault(f"Node {NODE} is locked by host h1, please retry after the current operation is completed."))
OURS = (200, json.dumps({"uuid": NODE, "instance_uuid": SERVER, "provision_state": "available"}).encode())
ACCEPTED = (202, b"")


class Scripted(http.server.ThreadingHTTPServer):
    """Answers what the test lists, in order; the last answer again and again. None: never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes] | None] = []
        self.seen: list[tuple[str, str, dict[str, str]]] = []
        self.bodies: list[bytes] = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(http.server.BaseHTTPRequestHandler):
    server: Scripted

    def _do(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
        self.server.seen.append((self.command, self.path, dict(self.headers)))
        answers = self.server.answers
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if answer is None:
            self.server.released.wait(20)
            return
        self.send_response(answer[0])
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Subject-Token", "t")
        self.send_header("Content-Length", str(len(answer[1])))
        self.end_headers()
        self.wfile.write(answer[1])

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = _do

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def server() -> Iterator[Scripted]:
    made = Scripted()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.released.set()
    made.shutdown()
    thread.join()
    made.server_close()


def _gateway(port: int, **overrides: object) -> IronicGateway:
    conf = cfg.ConfigOpts()
    options.register(conf)
    real.register(conf)
    conf([])
    settings = {"auth_type": "none", "endpoint_override": f"http://127.0.0.1:{port}", **overrides}
    for name, value in settings.items():
        conf.set_override(name, value, "ironic")
    return IronicGateway(session.load(conf, "ironic"), conf.ironic)


def _neutron(port: int, directory: Path, **more: object) -> NeutronGateway:
    settings = {"auth_type": "none", "endpoint_override": f"http://127.0.0.1:{port}", **more}
    file = directory / "neutron.conf"
    file.write_text("\n".join(["[neutron]", *(f"{name} = {value}" for name, value in settings.items())]))
    conf = cfg.ConfigOpts()
    options.register(conf)
    real.register(conf)
    conf(["--config-file", str(file)])
    return NeutronGateway(session.load(conf, "neutron"), conf)


def _methods(server: Scripted) -> list[str]:
    return [method for method, _, _ in server.seen]


def test_locked_node_is_tried_again_with_a_new_look_each_time(server: Scripted) -> None:
    server.answers = [OURS, LOCKED, OURS, LOCKED, OURS, ACCEPTED]
    _gateway(server.server_port).deploy(NODE, SERVER)
    assert _methods(server) == ["GET", "PUT"] * 3


def test_locked_beyond_the_retries_is_unavailable_without_a_traceback(server: Scripted) -> None:
    server.answers = [LOCKED]
    with pytest.raises(Unavailable, match="is locked by host") as raised:
        _gateway(server.server_port, retry_attempts=3).set_config_drive(NODE, SERVER, {})
    assert _methods(server) == ["PATCH"] * 3
    assert "secret" not in str(raised.value) and "HTTP" not in str(raised.value)


@pytest.mark.parametrize("target", ["active", "rebuild"])
def test_a_raid_is_a_deploy_step_and_without_one_nothing_goes_along(server: Scripted, target: str) -> None:
    free = OURS if target == "active" else (200, OURS[1].replace(b"available", b"active"))
    server.answers, raid = [free, ACCEPTED, free, ACCEPTED], {"logical_disks": [{"raid_level": "1", "size_gb": "MAX"}]}
    gateway = _gateway(server.server_port)
    for asked in (raid, {}):
        gateway.deploy(NODE, SERVER, asked) if target == "active" else gateway.rebuild(NODE, SERVER, None, asked)
    step = {"interface": "raid", "step": "apply_configuration", "priority": 90, "args": {"raid_config": raid, "delete_existing": True}}
    assert [json.loads(body) for body in server.bodies if body] == [{"target": target, "deploy_steps": [step]}, {"target": target}]


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429])
def test_reads_are_repeated_while_the_service_is_broken(server: Scripted, status: int) -> None:
    server.answers = [(status, _fault("oh")), (status, _fault("oh")), OURS]
    node = _gateway(server.server_port).get_node(NODE)
    assert node is not None and node.instance_id == SERVER


def test_a_provision_call_with_unknown_outcome_is_not_repeated(server: Scripted) -> None:
    server.answers = [OURS, (500, _fault("oh")), OURS]
    with pytest.raises(Unavailable):
        _gateway(server.server_port).deploy(NODE, SERVER)
    assert _methods(server) == ["GET", "PUT"]


def test_retries_are_bounded_in_time(server: Scripted) -> None:
    server.answers = [(503, _fault("oh"))]
    begin = time.monotonic()
    with pytest.raises(Unavailable):
        _gateway(server.server_port, retry_attempts=1000, retry_seconds=0.5).get_node(NODE)
    assert time.monotonic() - begin < 2


def test_a_definite_answer_is_not_repeated(server: Scripted) -> None:
    server.answers = [(403, _fault("Node is protected"))]
    with pytest.raises(Refusal, match="Node is protected") as raised:
        _gateway(server.server_port).get_node(NODE)
    assert raised.value.status == 403 and len(server.seen) == 1


def test_no_answer_is_given_up_in_time_and_not_repeated(server: Scripted) -> None:
    server.answers = [None]
    begin = time.monotonic()
    with pytest.raises(Unavailable, match="in time"):
        _gateway(server.server_port, timeout=0.6).get_node(NODE)
    assert 0.3 <= time.monotonic() - begin < 1.5
    assert len(server.seen) == 1


def test_no_connection_is_unavailable_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    begin = time.monotonic()
    with pytest.raises(Unavailable, match="cannot be reached"):
        _gateway(port).get_node(NODE)
    assert time.monotonic() - begin < 1


@pytest.mark.parametrize("given", [{"global_request_id": "req-11111111-1111-4111-8111-111111111111"}, {"request_id": "req-mine"}])
def test_the_request_id_is_passed_on(server: Scripted, given: dict[str, str]) -> None:
    server.answers = [OURS]
    gateway = _gateway(server.server_port)
    before = context.get_current()
    context.RequestContext(**given)
    try:
        gateway.get_node(NODE)
    finally:
        context._request_store.context = before
    assert server.seen[0][2]["X-Openstack-Request-Id"] == next(iter(given.values()))


def test_without_context_there_is_no_request_id(server: Scripted) -> None:
    server.answers = [OURS]
    # A thread of its own: contexts are a thread's, and other tests leave theirs behind.
    asking = threading.Thread(target=_gateway(server.server_port).get_node, args=(NODE,))
    asking.start()
    asking.join()
    assert "X-Openstack-Request-Id" not in server.seen[0][2]


def test_the_check_runs_before_every_send_and_stops_it(server: Scripted) -> None:
    class LeaseLost(BaseException):
        """As the conductor's."""

    sends_left = [2]

    def check() -> None:
        if not sends_left[0]:
            raise LeaseLost
        sends_left[0] -= 1

    server.answers = [OURS, LOCKED, OURS, LOCKED, OURS, ACCEPTED]
    with sending.checked(check), pytest.raises(LeaseLost):
        _gateway(server.server_port).deploy(NODE, SERVER)
    assert _methods(server) == ["GET", "PUT"]


def test_pages_are_followed_by_their_query_only(server: Scripted) -> None:
    link = f"http://elsewhere.invalid/v1/nodes?limit=1000&marker={NODE}"
    first = json.dumps({"nodes": [{"uuid": NODE}], "next": link}).encode()
    second = json.dumps({"nodes": [{"uuid": SERVER}]}).encode()
    server.answers = [(200, first), (200, second)]
    assert [node.id for node in _gateway(server.server_port).list_nodes()] == [NODE, SERVER]
    assert server.seen[1][1] == f"/v1/nodes?limit=1000&marker={NODE}"


def test_a_group_without_credentials_is_a_clear_error() -> None:
    with pytest.raises(cfg.RequiredOptError, match="auth_type"):
        _gateway(1, auth_type=None)


def _versions(server: Scripted) -> dict[str, object]:
    """What Neutron answers at its root."""
    link = {"rel": "self", "href": f"http://127.0.0.1:{server.server_port}/v2.0/"}
    return {"versions": [{"id": "v2.0", "status": "CURRENT", "links": [link]}]}


def test_a_network_seen_a_moment_ago_is_not_looked_at_again_but_one_that_was_missing_is(server: Scripted, tmp_path: Path) -> None:
    neutron = _neutron(server.server_port, tmp_path)
    # One document that answers every question: versions, the network, who else may use it.
    versions = _versions(server)
    network = {"id": NODE, "project_id": "p", "shared": False, "subnets": ["s"], "mtu": 1500}
    found = (200, json.dumps({**versions, "network": network, "rbac_policies": []}).encode())
    server.answers = [(200, json.dumps(versions).encode()), (404, b"{}"), found]
    assert neutron.get_network(NODE, "p") is None
    assert neutron.get_network(NODE, "p") == neutron.get_network(NODE, "p") is not None
    assert neutron.get_network(NODE, "another") is None
    assert len([path for _, path, _ in server.seen if path.endswith(f"/networks/{NODE}")]) == 3


@pytest.mark.parametrize("first", [(503, b"{}"), (200, b"<html>"), (404, b"{}"), None])
def test_a_neutron_that_does_not_tell_its_versions_is_asked_by_the_only_one_that_it_has(
    server: Scripted, tmp_path: Path, first: tuple[int, bytes] | None
) -> None:
    keystone = {"auth_url": f"http://127.0.0.1:{server.server_port}/v3", "username": "u", "password": "p", "user_domain_id": "default"}
    neutron = _neutron(server.server_port, tmp_path, auth_type="v3password", timeout=0.5, **keystone)
    token = {"methods": ["password"], "expires_at": "2100-01-01T00:00:00.000000Z", "user": {"id": "u", "name": "u", "domain": {"id": "d"}}}
    network = {"id": NODE, "project_id": "p", "shared": False, "subnets": ["s"], "mtu": 1500}
    server.answers = [(201, json.dumps({"token": token}).encode()), first, (200, json.dumps({"network": network}).encode())]
    assert neutron.get_network(NODE, "p") is not None
    assert server.seen[-1][:2] == ("GET", f"/v2.0/networks/{NODE}")


def _page(what: str, items: list[dict[str, object]], **more: object) -> tuple[int, bytes]:
    return 200, json.dumps({what: items, **more}).encode()


def _queries(server: Scripted) -> list[dict[str, list[str]]]:
    return [urllib.parse.parse_qs(urllib.parse.urlsplit(path).query) for _, path, _ in server.seen]


def test_a_survey_of_nodes_follows_the_links_and_reads_the_marker_only(server: Scripted) -> None:
    raw = {"uuid": NODE, "instance_uuid": SERVER, "protected": True, "provision_state": "active"}
    infos: list[object] = [{"baremetal_svc": {SERVER: True}, "configdrive": "******"}, {"image_source": "x"}, {}]
    pages = [[{**raw, "instance_info": info}] for info in infos]
    server.answers = [
        _page("nodes", pages[0], next=f"http://elsewhere/v1/nodes?limit=1000&marker={NODE}"),
        _page("nodes", pages[1], next=f"http://elsewhere/v1/nodes?limit=1000&marker={SERVER}"),
        _page("nodes", pages[2]),
    ]
    found = list(_gateway(server.server_port).survey_nodes())
    assert [node.marked for node in found] == [frozenset({SERVER}), frozenset(), frozenset()]
    assert [query["limit"] for query in _queries(server)] == [["1000"]] * 3
    assert [query.get("marker") for query in _queries(server)] == [None, [NODE], [SERVER]]


def test_a_survey_of_vifs_reads_ports_and_port_groups(server: Scripted) -> None:
    carries = {"node_uuid": NODE, "internal_info": {"tenant_vif_port_id": SERVER}}
    bare = [{"node_uuid": NODE, "internal_info": info} for info in ({}, None, {"cleaning_vif_port_id": "c"})]
    server.answers = [_page("ports", [*bare, carries]), _page("portgroups", [carries])]
    assert list(_gateway(server.server_port).survey_vifs()) == [VifSeen(NODE, SERVER)] * 2


def test_a_listing_of_ports_brings_the_switches_behind_them(server: Scripted) -> None:
    raw = {"node_uuid": NODE, "address": "00:53:00:00:00:01", "pxe_enabled": True, "physical_network": None}
    links = [{"switch_info": "tor-7a", "switch_id": "00:53:00:00:0a:0b", "port_id": "p"}, {"switch_id": "00:53:00:00:0a:0b"}, {}, None]
    server.answers = [_page("ports", [{**raw, "local_link_connection": link} for link in links])]
    found = [port.switches for port in _gateway(server.server_port).list_ports()]
    assert found == [("tor-7a", "00:53:00:00:0a:0b"), ("00:53:00:00:0a:0b",), (), ()]
    [asked] = _queries(server)
    assert "local_link_connection" in asked["fields"][0].split(",")


def test_a_survey_of_ports_asks_page_by_page_and_no_more(server: Scripted, tmp_path: Path) -> None:
    raw = {"network_id": NODE, "device_id": SERVER}
    names = [f"baremetal-svc/c/{number}" for number in range(1000)]
    full = [{**raw, "id": f"p{number}", "name": name} for number, name in enumerate(names)]
    following = [{"rel": "next", "href": "http://elsewhere"}]
    rest = [{**raw, "id": "own", "name": ""}, {**raw, "id": "x", "name": "", "device_id": ""}]
    server.answers = [(200, json.dumps(_versions(server)).encode()), _page("ports", full, ports_links=following), _page("ports", rest)]
    found = list(_neutron(server.server_port, tmp_path).survey_ports())
    assert [port.index for port in found] == [*range(1000), None]
    asked = _queries(server)[1:]
    assert [query.get("marker") for query in asked] == [None, ["p999"]]
    assert {query["device_owner"][0] for query in asked} == {"baremetal:server"}
    assert {tuple(query["fields"]) for query in asked} == {("id", "name", "device_id", "network_id")}


def test_a_survey_that_breaks_off_is_unavailable(server: Scripted, tmp_path: Path) -> None:
    raw = {"network_id": NODE, "device_id": SERVER, "id": "p", "name": ""}
    first = _page("ports", [raw], ports_links=[{"rel": "next", "href": "http://elsewhere"}])
    server.answers = [(200, json.dumps(_versions(server)).encode()), first, (401, b"{}")]
    with pytest.raises(Unavailable, match="credentials"):
        list(_neutron(server.server_port, tmp_path).survey_ports())
    assert len(server.seen) == 3
