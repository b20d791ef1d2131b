# SPDX-License-Identifier: Apache-2.0
"""What every answer has in common, whatever the route: headers, pages of other origins, a limit of requests."""

import socket
import threading

import pytest
from keystoneauth1 import loading

from tests.fixtures.service import ADMIN, FOREIGN, READER, Service

#: What a proxy, a restart or a wrong address may send in Keystone's name.
BROKEN = {
    "cut": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5\r\nab",
    "no HTTP": b"garbage\r\n\r\n",
    "page": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Type: text/html\r\n\r\nhtml",
    "empty": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\n\r\n{}",
    "unauthorized": b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n",
    "broken": b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n",
}
PAGE = "http://localhost:3000"
ASKS = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
SENDS = "X-Auth-Token,OpenStack-API-Version,Idempotency-Key,If-Match,Content-Type"


@pytest.fixture
def shared(service: Service) -> Service:
    service.conf.set_override("allowed_origin", [PAGE], "cors")
    service.configure()
    return service


@pytest.mark.parametrize(("path", "status"), [("/", 200), ("/v1/servers", 200), ("/v1/nosuch", 404), ("/healthcheck", 200)])
def test_every_answer_tells_browsers_and_caches_to_do_nothing_clever(service: Service, path: str, status: int) -> None:
    reply = service.call("GET", path)
    assert reply.status == status
    wanted = {
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "cache-control": "no-store",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    }
    assert {name: reply.headers.get(name) for name in wanted} == wanted
    assert "strict-transport-security" not in reply.headers
    assert "access-control-allow-origin" not in reply.headers


def test_over_https_browsers_stay_there(service: Service) -> None:
    """The proxy says so, where it is trusted."""
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "localhost"}
    assert "strict-transport-security" not in service.call("GET", "/", headers=told).headers
    service.conf.set_override("enable_proxy_headers_parsing", True, "oslo_middleware")
    service.configure()
    reply = service.call("GET", "/", headers=told)
    assert reply.headers["strict-transport-security"] == "max-age=31536000"
    assert reply.json["versions"][0]["links"][0]["href"] == "https://localhost/v1/"
    service.configure(hsts_seconds=0)
    assert "strict-transport-security" not in service.call("GET", "/", headers=told).headers


def test_a_preflight_needs_no_token(shared: Service) -> None:
    """Keystone's middleware stands in front, and is not asked."""
    shared.configure(auth_strategy="keystone")
    headers = {**ASKS, "Access-Control-Request-Headers": SENDS}
    reply = shared.call("OPTIONS", "/v1/servers", token="", version=None, headers=headers)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == PAGE
    assert reply.headers["access-control-allow-methods"] == "POST"
    assert reply.headers["access-control-allow-headers"] == SENDS
    assert "access-control-allow-credentials" not in reply.headers
    assert "x-openstack-request-id" in reply.headers


@pytest.mark.parametrize(
    "headers",
    [{**ASKS, "Origin": "http://localhost:4000"}, {**ASKS, "Access-Control-Request-Headers": "X-Roles"},
     {**ASKS, "Access-Control-Request-Method": "TRACE"}],
)  # fmt: skip
def test_other_origins_headers_and_methods_are_not_allowed(shared: Service, headers: dict[str, str]) -> None:
    assert "access-control-allow-origin" not in shared.call("OPTIONS", "/v1/servers", headers=headers).headers


@pytest.mark.parametrize(("path", "status"), [("/v1/servers", 200), ("/v1/servers/00000000-0000-4000-8000-000000000000", 404)])
def test_a_page_reads_answers_and_errors(shared: Service, path: str, status: int) -> None:
    reply = shared.call("GET", path, headers={"Origin": PAGE})
    assert (reply.status, reply.headers["access-control-allow-origin"]) == (status, PAGE)
    assert "ETag" in reply.headers["access-control-expose-headers"].split(",")
    assert "Origin" in reply.headers["vary"]
    assert reply.headers["cache-control"] == "no-store"


def test_a_project_that_asks_too_often_waits_and_others_do_not(service: Service) -> None:
    service.configure(rate_limit=0.001, rate_burst=2)
    assert [service.call("GET", "/v1/servers", token=token).status for token in (READER, "dave:red", READER)] == [200, 200, 429]
    refused = service.call("POST", "/v1/servers", {"server": {}}, token=READER)
    assert (refused.status, refused.headers["retry-after"], refused.json["errors"][0]["code"]) == (429, "1000", "rate_limited")
    assert service.call("GET", "/v1/servers", token=FOREIGN).status == 200
    assert service.call("GET", "/v1/servers", token=ADMIN).status == 200


def test_who_sends_no_token_is_not_limited(service: Service) -> None:
    """Load balancers and clients that look for versions."""
    service.configure(rate_limit=0.001, rate_burst=1, auth_strategy="keystone")
    assert [service.call("GET", path, token="").status for path in ("/", "/v1", "/healthcheck") * 2] == [200] * 6


def test_service_tokens_need_a_role_and_access_rules_know_the_service(service: Service) -> None:
    service.configure(auth_strategy="keystone")
    options = service.conf.keystone_authtoken
    assert (options.service_token_roles, options.service_token_roles_required) == (["service"], True)
    assert options.service_type == "baremetal_compute"


def _behind_keystone(service: Service, port: int) -> None:
    """Tokens are judged by whatever listens there."""
    service.configure(auth_strategy="keystone")
    service.conf.register_opts(loading.get_auth_plugin_conf_options("password"), "keystone_authtoken")
    named = {
        "auth_type": "password",
        "auth_url": f"http://127.0.0.1:{port}/v3",
        "username": "u",
        "password": "p",
        "http_request_max_retries": 0,
    }
    for name, value in named.items():
        service.conf.set_override(name, value, "keystone_authtoken")
    service.configure()


def _is_no_refusal(service: Service) -> None:
    reply = service.call("GET", "/v1/servers", token="any")
    assert (reply.status, reply.headers["retry-after"], reply.json["errors"][0]["code"]) == (503, "5", "unavailable")
    assert "Keystone" in reply.json["message"]
    assert service.call("GET", "/v1/servers", token="").status == 401
    assert service.call("GET", "/v1", token="any").status == 200


def test_a_keystone_that_does_not_answer_was_taken_for_one_that_refuses_the_token(service: Service) -> None:
    """A client that is told so takes its login for over; what needs no token is answered as ever."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    _behind_keystone(service, port)
    _is_no_refusal(service)


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_a_keystone_that_answers_anything_else_was_a_failure_of_ours(service: Service, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_answer, args=(listener, answer), daemon=True).start()
        _behind_keystone(service, listener.getsockname()[1])
        _is_no_refusal(service)
        # The thread would wait for ever in accept().
        listener.shutdown(socket.SHUT_RDWR)


def _answer(listener: socket.socket, answer: bytes) -> None:
    while True:
        try:
            asked, _ = listener.accept()
        except OSError:
            return
        with asked:
            asked.recv(65536)
            asked.sendall(answer)
