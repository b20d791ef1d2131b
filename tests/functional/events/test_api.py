# SPDX-License-Identifier: Apache-2.0
"""Events of a server."""

from tests.fixtures import properties
from tests.fixtures.service import FOREIGN, READER, Service


def test_events_are_starts_and_ends(service: Service) -> None:
    server_id = properties.active(service)
    path = f"/v1/servers/{server_id}/events"
    service.world.fail_next("power")
    service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "off"})
    assert [event["event"] for event in service.call("GET", path).json["events"]] == [
        "power.stop.start",
        "servers.create.end",
        "servers.create.start",
    ]
    service.work()
    newest, *others = service.call("GET", path, token=READER).json["events"]
    assert (newest["event"], newest["error"]["code"], newest["user_id"]) == ("power.stop.error", "refused", "alice")
    assert all(event["error"] is None and event["at"] and event["request_id"] for event in others)
    assert service.call("GET", path, token=FOREIGN).status == 404
    assert service.call("GET", path, version="1.2").status == 404


def test_pages_count_operations(service: Service) -> None:
    server_id = properties.active(service)
    service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": "off"})
    service.work()
    path, seen = f"/v1/servers/{server_id}/events?limit=1", []
    while path:
        body = service.call("GET", path).json
        seen += [event["event"] for event in body["events"]]
        path = body.get("events_links", [{"href": ""}])[0]["href"].partition("localhost")[2]
    assert seen == ["power.stop.end", "power.stop.start", "servers.create.end", "servers.create.start"]
