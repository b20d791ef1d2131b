# SPDX-License-Identifier: Apache-2.0
"""What a scrape says after requests and operations; that no id becomes a label."""

import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from baremetal_svc import metrics
from baremetal_svc.cmd import assembly
from baremetal_svc.domain.errors import OutsideRefused, Unavailable
from baremetal_svc.gateways import measured
from tests.fixtures import properties
from tests.fixtures.service import Service

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}")


def text(service: Service) -> str:
    return generate_latest(metrics.registry(assembly.standing(service.db))).decode()


def value(service: Service, name: str, /, **labels: str) -> float:
    """The sum of the samples of a name that have these labels."""
    samples = [sample for family in text_string_to_metric_families(text(service)) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def test_requests_are_counted_by_their_route(service: Service) -> None:
    def counted(route: str, status: str, method: str = "GET") -> float:
        return value(service, "baremetal_svc_http_requests_total", route=route, status=status, method=method)

    wanted = [("/v1/servers/{server_id}", "404", "GET"), ("none", "404", "GET"), ("none", "405", "other"), ("/v1/servers", "400", "POST")]
    before = [counted(*labels) for labels in wanted]
    service.call("GET", "/v1/servers/1a9e0000-0000-4000-8000-000000000001")
    service.call("GET", "/no/such/path")
    service.call("BREW", "/v1/servers")
    service.call("POST", "/v1/servers", {})
    assert [counted(*labels) for labels in wanted] == [number + 1 for number in before]
    assert value(service, "baremetal_svc_http_request_duration_seconds_count", route="/v1/servers", method="POST") >= 1


def test_an_operation_is_counted_with_its_steps_claims_and_calls(service: Service) -> None:
    wanted: list[tuple[str, dict[str, str]]] = [
        ("baremetal_svc_operations_ended_total", {"kind": "servers.create", "outcome": "done"}),
        ("baremetal_svc_operation_duration_seconds_count", {"kind": "servers.create"}),
        ("baremetal_svc_step_duration_seconds_count", {"kind": "servers.create", "step": "create-port"}),
        ("baremetal_svc_claims_total", {"outcome": "taken"}),
        ("baremetal_svc_gateway_calls_total", {"service": "ironic", "call": "deploy", "outcome": "ok"}),
    ]
    before = [value(service, name, **labels) for name, labels in wanted]
    properties.create(service)
    assert value(service, "baremetal_svc_operations", kind="servers.create", state="pending") == 1
    service.work()
    assert [value(service, name, **labels) for name, labels in wanted] == [number + 1 for number in before]
    assert value(service, "baremetal_svc_operations", kind="servers.create") == 0
    assert _ID.search(text(service)) is None


def test_a_step_that_waits_is_counted_with_its_wait(service: Service) -> None:
    before = value(service, "baremetal_svc_step_duration_seconds_sum", kind="servers.create", step="wait-until-deployed")
    service.world.instant = False
    properties.create(service)
    service.step()
    with service.db.write() as conn:
        conn.exec_driver_sql("UPDATE steps SET started_at = started_at - 400 WHERE name = 'wait-until-deployed'")
    service.world.instant = True
    service.work()
    assert value(service, "baremetal_svc_step_duration_seconds_sum", kind="servers.create", step="wait-until-deployed") >= before + 400


def test_nothing_free_is_a_claim_of_none_and_a_fault_of_the_server(service: Service) -> None:
    before = value(service, "baremetal_svc_claims_total", outcome="none")
    server = service.call("POST", "/v1/servers", service.prepared(nodes=0)).json
    service.work()
    assert value(service, "baremetal_svc_claims_total", outcome="none") == before + 1
    assert value(service, "baremetal_svc_faults_open", target_kind="server", code="no_valid_node") == 1
    assert value(service, "baremetal_svc_faults_open", target_kind="operation") == 0, "its operation has ended"
    service.call("DELETE", f"/v1/servers/{server['uuid']}")
    service.work()
    assert value(service, "baremetal_svc_faults_open", target_kind="server") == 0


def test_the_age_is_of_the_oldest(service: Service) -> None:
    body = service.prepared()
    service.call("POST", "/v1/servers", body)
    service.pass_time(5000)
    service.call("POST", "/v1/servers", body)
    assert value(service, "baremetal_svc_operations", kind="servers.create", state="pending") == 2
    assert 5000 <= value(service, "baremetal_svc_operations_oldest_age_seconds", kind="servers.create", state="pending") < 5060


def test_a_listing_notes_when_and_how_long(service: Service) -> None:
    before = value(service, "baremetal_svc_inventory_listed_timestamp_seconds")
    assert service.conductor.watcher.look()
    after = value(service, "baremetal_svc_inventory_listed_timestamp_seconds")
    assert after > before
    service.world.away("ironic")
    with pytest.raises(Unavailable):
        service.new_conductor("conductor-1").watcher.look(hinted=True)
    assert value(service, "baremetal_svc_inventory_listed_timestamp_seconds") == after


class Outside:
    """An adapter that answers, refuses, breaks, and lists in pages."""

    def refuse(self) -> None:
        raise OutsideRefused("no")

    def stumble(self) -> None:
        raise KeyError("bug")

    def pages(self, break_off: bool) -> object:
        yield 1
        if break_off:
            raise Unavailable("gone")
        yield 2


def test_calls_are_counted_by_their_outcome(service: Service) -> None:
    gateway = measured.Measured("outside", Outside())
    with pytest.raises(OutsideRefused):
        gateway.refuse()
    with pytest.raises(KeyError):
        gateway.stumble()
    assert list(gateway.pages(False)) == [1, 2]
    with pytest.raises(Unavailable):
        list(gateway.pages(True))

    def counted(call: str, outcome: str) -> float:
        return value(service, "baremetal_svc_gateway_calls_total", service="outside", call=call, outcome=outcome)

    found = [counted("refuse", "refused"), counted("stumble", "error"), counted("pages", "ok"), counted("pages", "unavailable")]
    assert found == [1, 1, 1, 1]
    assert value(service, "baremetal_svc_gateway_call_duration_seconds_count", service="outside") == 4


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_is_served_and_a_taken_one_is_a_warning(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    stop = metrics.expose("127.0.0.1", port, assembly.standing(service.db))
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
            assert b"baremetal_svc_database_up 1.0" in answer.read()
        metrics.expose("127.0.0.1", port)()
        assert f"No metrics on 127.0.0.1 port {port}" in caplog.text
    finally:
        stop()
    metrics.expose("127.0.0.1", 0)()


def test_processes_that_share_a_directory_answer_as_one(tmp_path: Path) -> None:
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    count = "from baremetal_svc import metrics; metrics.CLAIMS.labels('taken').inc(2)"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=environment, check=True)
    show = "from baremetal_svc import metrics; import prometheus_client as p; print(p.generate_latest(metrics.registry()).decode())"
    done = subprocess.run([sys.executable, "-c", show], env=environment, check=True, capture_output=True, text=True)
    assert 'baremetal_svc_claims_total{outcome="taken"} 4.0' in done.stdout
