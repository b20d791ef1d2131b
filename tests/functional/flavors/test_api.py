# SPDX-License-Identifier: Apache-2.0
"""Flavors over REST."""

import uuid

import pytest

from tests.fixtures.service import ADMIN, Service

GOOD = {"name": "f", "description": "d", "resources": {"big": "1"}, "is_public": "True", "disabled": "False"}


def test_create_list_show(service: Service) -> None:
    reply = service.call("POST", "/v1/flavors", GOOD, token=ADMIN, version="1.1")
    assert reply.status == 201
    assert reply.json["resources"] == {"big": 1}
    assert "pools" not in reply.json
    shown = service.call("GET", f"/v1/flavors/{reply.json['uuid']}", version="1.1").json
    assert set(shown) == {"uuid", "name", "description", "is_public", "links"}
    assert [flavor["name"] for flavor in service.call("GET", "/v1/flavors").json["flavors"]] == ["f"]


@pytest.mark.parametrize(
    "change",
    [{"name": ""}, {"name": None}, {"resources": {}}, {"resources": {"a": 1, "b": 1}}, {"resources": {"a": 2}}, {"resources": {"a b": 1}},
     {"is_public": "maybe"}, {"pools": ["x"]}, {"pools": [str(uuid.uuid4())]}, {"description": 1}, {"more": 1}],
)  # fmt: skip
def test_bad_flavors(service: Service, change: dict[str, object]) -> None:
    assert service.call("POST", "/v1/flavors", {**GOOD, **change}, token=ADMIN).status == 400
    assert service.call("GET", "/v1/flavors", token=ADMIN).json == {"flavors": []}


def test_names_are_unique_and_private_ones_hidden(service: Service) -> None:
    assert service.call("POST", "/v1/flavors", GOOD, token=ADMIN).status == 201
    assert service.call("POST", "/v1/flavors", GOOD, token=ADMIN).status == 409
    hidden = service.call("POST", "/v1/flavors", {**GOOD, "name": "g", "is_public": False}, token=ADMIN).json["uuid"]
    assert service.call("GET", f"/v1/flavors/{hidden}").status == 404
    assert service.call("POST", "/v1/flavors", {**GOOD, "name": "h"}).status == 403
