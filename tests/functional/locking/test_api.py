# SPDX-License-Identifier: Apache-2.0
"""Locks over REST: what they keep away, and from whom."""

import pytest

from tests.fixtures import properties
from tests.fixtures.service import ADMIN, FOREIGN, READER, Service


def _lock(service: Service, server_id: str, target: object, token: str | None = None) -> int:
    return service.call("PUT", f"/v1/servers/{server_id}/states/lock", {"target": target}, token=token).status


def _locked(service: Service, server_id: str) -> bool:
    return bool(service.call("GET", f"/v1/servers/{server_id}").json["locked"])


def test_a_lock_keeps_power_and_delete_away_but_not_a_new_name(service: Service) -> None:
    server_id = properties.active(service)
    assert _lock(service, server_id, True) == _lock(service, server_id, True) == 202
    assert _locked(service, server_id)
    for method, path, body in (("PUT", "/states/power", {"target": "off"}), ("DELETE", "", None)):
        reply = service.call(method, f"/v1/servers/{server_id}{path}", body)
        assert (reply.status, reply.json["errors"][0]["hint"]) == (409, "Unlock it first.")
    patch = [{"op": "replace", "path": "/name", "value": "other"}]
    assert service.call("PATCH", f"/v1/servers/{server_id}", patch).status == 200
    assert _lock(service, server_id, False) == 202
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204


def test_an_operators_lock_is_above_an_owners(service: Service) -> None:
    server_id = properties.active(service)
    assert _lock(service, server_id, True) == 202
    assert _lock(service, server_id, True, ADMIN) == 202
    assert _lock(service, server_id, True) == 202, "it is locked already; that changes nothing"
    assert _lock(service, server_id, False) == 403
    assert _locked(service, server_id)
    assert service.call("DELETE", f"/v1/servers/{server_id}", token=ADMIN).status == 204, "operators are not kept away"


def test_an_operator_opens_an_owners_lock(service: Service) -> None:
    server_id = properties.active(service)
    assert _lock(service, server_id, True) == 202
    assert _lock(service, server_id, False, ADMIN) == 202
    assert not _locked(service, server_id)


@pytest.mark.parametrize("target", ["true", 1, None, [], "lock"])
def test_bad_targets(service: Service, target: object) -> None:
    server_id = properties.active(service)
    assert _lock(service, server_id, target) == 400
    assert not _locked(service, server_id)


def test_who_may_not(service: Service) -> None:
    server_id = properties.active(service)
    assert _lock(service, server_id, True, FOREIGN) == 404
    assert _lock(service, server_id, True, READER) == 403
    assert service.call("DELETE", f"/v1/servers/{server_id}").status == 204
    assert _lock(service, server_id, True) == 409, "it is being deleted"
