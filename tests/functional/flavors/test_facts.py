# SPDX-License-Identifier: Apache-2.0
"""Facts of flavors: what tenants are told of the machines."""

from typing import Any

import pytest

from tests.fixtures.service import ADMIN, Service

FACTS = {"cpus": 64, "cpu_model": "EPYC 9334", "memory_mb": 524288, "disks": ["2 x 960 GB NVMe"], "nics": ["2 x 25 GbE"]}
FLAVOR = {"name": "f", "description": "d", "resources": {"big": 1}}


def test_tenants_are_told(service: Service) -> None:
    flavor = service.call("POST", "/v1/flavors", {**FLAVOR, "facts": FACTS}, token=ADMIN).json["uuid"]
    assert service.call("GET", f"/v1/flavors/{flavor}").json["facts"] == FACTS
    [listed] = service.call("GET", "/v1/flavors").json["flavors"]
    assert listed["facts"] == FACTS
    assert "facts" not in service.call("GET", f"/v1/flavors/{flavor}", version="1.2").json
    patch = [{"op": "replace", "path": "/facts/cpus", "value": 96}]
    assert service.call("PATCH", f"/v1/flavors/{flavor}", patch, token=ADMIN).json["facts"]["cpus"] == 96
    # An older client edits the rest and does not take them away.
    rename = [{"op": "replace", "path": "/name", "value": "g"}]
    assert service.call("PATCH", f"/v1/flavors/{flavor}", rename, token=ADMIN, version="1.2").status == 200
    assert service.call("GET", f"/v1/flavors/{flavor}").json["facts"]["cpus"] == 96


@pytest.mark.parametrize("facts", [{"colour": "red"}, {"cpus": 0}, {"cpus": "8"}, {"disks": "one"}, [], None])
def test_bad_facts(service: Service, facts: Any) -> None:
    assert service.call("POST", "/v1/flavors", {**FLAVOR, "facts": facts}, token=ADMIN).status == 400


def test_a_flavor_without_facts_has_none(service: Service) -> None:
    assert service.call("GET", f"/v1/flavors/{service.flavor()}").json["facts"] == {}
