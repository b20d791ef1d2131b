# SPDX-License-Identifier: Apache-2.0
"""Structured logs: the lines of a request carry its id, the lines of a run the operation's too."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from oslo_log import formatters

from baremetal_svc import conf as configuration
from baremetal_svc.db import models
from tests.fixtures.service import Service


def captured(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """What our loggers write, in this format."""
    stream, logger = io.StringIO(), logging.getLogger("baremetal_svc")
    writing = logging.StreamHandler(stream)
    writing.setFormatter(formatter)
    level = logger.level
    logger.addHandler(writing)
    logger.setLevel(logging.DEBUG)
    yield stream
    logger.removeHandler(writing)
    logger.setLevel(level)


@pytest.fixture
def as_json() -> Iterator[io.StringIO]:
    """As [DEFAULT] use_json has it."""
    yield from captured(formatters.JSONFormatter())


@pytest.fixture
def as_text(service: Service) -> Iterator[io.StringIO]:
    """As it is by default."""
    service.conf.set_override("logging_context_format_string", configuration._LINE)
    yield from captured(formatters.ContextFormatter(config=service.conf))


def forget(stream: io.StringIO) -> None:
    """Begin anew."""
    stream.seek(0)
    stream.truncate()


def lines(stream: io.StringIO, logger: str) -> list[dict[str, Any]]:
    """Those of loggers with this prefix."""
    return [line for line in map(json.loads, stream.getvalue().splitlines()) if line["name"].startswith(f"baremetal_svc.{logger}")]


def test_every_line_of_a_create_carries_its_ids(service: Service, as_json: io.StringIO) -> None:
    body = service.prepared()
    forget(as_json)
    reply = service.call("POST", "/v1/servers", body)
    request_id = reply.headers["x-openstack-request-id"]
    [line] = lines(as_json, "api")
    assert line["message"].startswith("POST /v1/servers: 201 in ")
    assert {entry["context"]["request_id"] for entry in map(json.loads, as_json.getvalue().splitlines())} == {request_id}
    forget(as_json)
    service.world.fail_next("deploy", times=9)
    service.step()
    service.work()
    [operation] = [row for row in service.rows(models.Operation) if row["kind"] == "servers.create"]
    of_create = [entry for entry in lines(as_json, "conductor") if entry["context"]["operation_id"] == operation["id"]]
    assert any(entry["message"].startswith(f"Operation {operation['id']} (servers.create) failed") for entry in of_create)
    assert {entry["context"]["request_id"] for entry in of_create} == {request_id}
    assert all(entry["context"]["operation_id"] for entry in lines(as_json, "conductor"))


def test_a_line_is_not_of_the_request_before(service: Service, as_json: io.StringIO) -> None:
    first = service.call("GET", "/v1/servers").headers["x-openstack-request-id"]
    second = service.call("POST", "/v1/servers", length="x").headers["x-openstack-request-id"]
    assert [entry["context"]["request_id"] for entry in lines(as_json, "api.observing")] == [first, second]


def test_text_lines_carry_them_as_well(service: Service, as_text: io.StringIO) -> None:
    reply = service.call("POST", "/v1/servers", service.prepared())
    service.work()
    [operation] = [row for row in service.rows(models.Operation) if row["kind"] == "servers.create"]
    [line] = [line for line in as_text.getvalue().splitlines() if "(servers.create) done" in line]
    assert f"[None {reply.headers['x-openstack-request-id']} {operation['id']} " in line


def test_what_a_client_sends_stays_one_line(service: Service, as_json: io.StringIO) -> None:
    service.call("GET", "/v1/servers\n2026 ERROR forged\x1b[2J")
    [line] = lines(as_json, "api.observing")
    assert line["message"].startswith("GET /v1/servers%0A2026%20ERROR%20forged%1B%5B2J: 404 in ")


def test_no_line_has_a_token(service: Service, as_json: io.StringIO) -> None:
    service.call("POST", "/v1/servers", service.prepared(), token="alice:secretive-project:member,reader")
    service.work()
    assert '"auth_token": "a' not in as_json.getvalue()
