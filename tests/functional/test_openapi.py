# SPDX-License-Identifier: Apache-2.0
"""The served OpenAPI document; and that the fixtures find answers which are not in it."""

import pytest

from tests.fixtures import conformance
from tests.fixtures.service import Service


def test_the_document_is_served_without_a_token(service: Service) -> None:
    service.conf.set_override("public_endpoint", "https://metal.example/", "api")
    reply = service.call("GET", "/v1/openapi.json", version=None)
    assert reply.status == 200
    assert reply.json["openapi"] == "3.1.0"
    assert reply.json["info"]["version"] == "1.6"
    assert reply.json["servers"] == [{"url": "https://metal.example"}]
    assert "/v1/openapi.json" in reply.json["paths"]


def test_a_version_may_be_named(service: Service) -> None:
    reply = service.call("GET", "/v1/openapi.json?version=1.1")
    assert reply.json["info"]["version"] == "1.1"
    assert "/v1/operations" not in reply.json["paths"]
    assert service.call("GET", "/v1/openapi.json?version=1.99").status == 400
    assert service.call("GET", "/v1/openapi.json?version=latest").status == 400


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (200, b'{"keypairs": [{"name": "mine"}]}'),
        (200, b'{"keypairs": [], "total": 0}'),
        (200, b""),
        (404, b"{}"),
        (400, b'{"errors": [], "message": "none"}'),
    ],
)
def test_answers_that_are_not_documented_are_found(status: int, raw: bytes) -> None:
    headers = {"content-type": "application/json", "x-openstack-request-id": "req-1", "openstack-api-version": "baremetal_compute 1.6"}
    conformance.check("GET", "/v1/keypairs", "1.6", 200, headers, b'{"keypairs": []}')
    with pytest.raises((AssertionError, ValueError)):
        conformance.check("GET", "/v1/keypairs", "1.6", status, headers, raw)
