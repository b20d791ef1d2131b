# SPDX-License-Identifier: Apache-2.0
"""Versioned notifications: what is sent is what doc/notification_samples shows, once for each event, and no bus holds anybody."""

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oslo_messaging
import pytest
from oslo_config import cfg
from oslo_messaging.notify import _impl_test

from baremetal_svc import conf as configuration
from baremetal_svc import notifications
from baremetal_svc.domain.lifecycle import LIFECYCLE
from tests.fixtures import drifting, properties
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service

SAMPLES = Path(__file__).resolve().parents[2] / "doc" / "notification_samples"
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00")
_CHANGING = ("id", "target_id", "request_id")


@pytest.fixture
def sending(tmp_path: Path) -> Iterator[Service]:
    """A service whose notifications go to oslo.messaging's driver for tests."""
    made = Service(tmp_path)
    notifications.of(made.conf, "registers the options")
    made.conf.set_override("driver", ["test"], "oslo_messaging_notifications")
    made.conf.set_override("transport_url", "fake://", "oslo_messaging_notifications")
    _impl_test.reset()
    made.conductor = made.new_conductor("conductor-1")
    made.runner, made.claims = made.conductor._runner, made.conductor._claims
    yield made
    made.close()


def sent(service: Service) -> list[dict[str, Any]]:
    """Everything, once the thread has sent what waits."""
    service.runner.announcer.close()
    return [message for _, message, _, _ in _impl_test.NOTIFICATIONS]


def events(service: Service) -> list[str]:
    return [message["event_type"] for message in sent(service)]


def as_sample(message: dict[str, Any]) -> dict[str, Any]:
    """The message with what differs from run to run replaced."""
    shown = {name: message[name] for name in ("event_type", "priority", "publisher_id", "payload")}
    text = _TIME.sub("2026-11-24T20:00:00+00:00", json.dumps(shown))
    data = shown["payload"]["baremetal_svc_object.data"]
    for number, name in enumerate(name for name in _CHANGING if name in data):
        form = "req-{}" if name == "request_id" else "{}"
        text = text.replace(data[name], form.format(f"5a9e0000-0000-4000-8000-00000000000{number + 1}"))
    found: dict[str, Any] = json.loads(text)
    return found


def check_sample(message: dict[str, Any]) -> None:
    path = SAMPLES / f"{message['event_type'].replace('.', '-')}.json"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(json.dumps(as_sample(message), indent=4) + "\n")
    assert json.loads(path.read_text()) == as_sample(message), "what consumers read changes: a new version, then UPDATE_GOLDEN=1"


def test_a_create_is_a_start_and_an_end_as_sampled(sending: Service) -> None:
    properties.create(sending)
    sending.work()
    start, end = sent(sending)
    assert [start["event_type"], end["event_type"]] == ["servers.create.start", "servers.create.end"]
    check_sample(start)
    check_sample(end)
    operation = sending.rows(properties.models.Operation)[0]
    assert end["payload"]["baremetal_svc_object.data"]["request_id"] == operation["request_id"]


def test_a_failure_is_an_error_as_sampled_with_a_code_and_no_message(sending: Service) -> None:
    sending.call("POST", "/v1/servers", sending.prepared(nodes=0))
    sending.work()
    start, error = sent(sending)
    assert (start["priority"], error["priority"]) == ("INFO", "ERROR")
    check_sample(error)


def test_it_starts_once_however_often_it_is_resumed(sending: Service) -> None:
    sending.world.instant = False
    properties.create(sending)
    for _ in range(5):
        with sending.db.write() as conn:
            conn.exec_driver_sql("UPDATE operations SET wake_at = 0")
        assert sending.step() == 1
    sending.world.instant = True
    sending.work()
    assert events(sending) == ["servers.create.start", "servers.create.end"]


def test_a_cancelled_build_is_an_error_and_its_release_is_told_too(sending: Service) -> None:
    sending.world.instant = False
    server = properties.create(sending)
    sending.step()
    sending.call("DELETE", f"/v1/servers/{server['uuid']}")
    sending.world.instant = True
    properties.finish(sending)
    found = sent(sending)
    states = {message["event_type"]: message["payload"]["baremetal_svc_object.data"]["state"] for message in found}
    assert states["servers.create.error"] == "cancelled"
    assert states["servers.delete.end"] == states["nodes.release.end"] == "done"
    assert len(found) == len({message["event_type"] for message in found})


def test_a_repair_is_told_as_sampled(sending: Service) -> None:
    properties.create(sending)
    sending.work()
    drifting.lose(sending, properties.models.Server, properties.models.Server.__table__.c.status == "active")
    sending.conductor.reconciler.reconcile(repair=True)
    [repair] = [message for message in sent(sending) if message["event_type"].startswith("reconciler")]
    check_sample(repair)


def test_a_pool_that_gets_low_and_well_again_is_told_as_sampled(sending: Service) -> None:
    sending.prepared()
    sending.conductor.stocktaker.count()

    def told(free_below: int | None) -> dict[str, Any]:
        patch = [{"op": "add", "path": "/free_below", "value": free_below}]
        assert sending.call("PATCH", f"/v1/pools/{DEFAULT_POOL}", patch, token=ADMIN).status == 200
        sending.conductor = sending.new_conductor("conductor-1")
        with sending.db.write() as conn:
            conn.exec_driver_sql("UPDATE pool_capacity SET as_of = as_of - 100")
            conn.exec_driver_sql("DELETE FROM duties")
        sending.conductor.stocktaker.count()
        sending.runner = sending.conductor._runner
        found: dict[str, Any] = sent(sending)[-1]
        return found

    low, well = told(20), told(None)
    check_sample(low)
    check_sample(well)
    assert [message["event_type"] for message in sent(sending)] == ["pools.capacity.low", "pools.capacity.ok"]


def test_secrets_are_not_sent(sending: Service) -> None:
    body = sending.prepared()
    body["server"]["user_data"] = "c2VjcmV0LW9mLW1pbmU="
    sending.call("POST", "/v1/servers", body)
    sending.work()
    assert "c2VjcmV0" not in str(sent(sending)) and "arguments" not in str(sent(sending))


@pytest.mark.parametrize("driver", [[], ["noop"]])
def test_without_a_driver_nothing_is_made(tmp_path: Path, driver: list[str]) -> None:
    conf = configuration.register(cfg.ConfigOpts())
    conf([], project="baremetal_svc")
    assert notifications.of(conf, "p") is None
    conf.set_override("driver", driver, "oslo_messaging_notifications")
    assert notifications.of(conf, "p") is None


@pytest.fixture
def bus() -> Iterator[cfg.ConfigOpts]:
    """The global configuration, which oslo.messaging's tracing reads, with a driver that sends."""
    conf = configuration.register(cfg.CONF)
    conf([], project="baremetal_svc", default_config_files=[])
    notifications.of(conf, "registers the options")
    conf.set_override("driver", ["messagingv2"], "oslo_messaging_notifications")
    conf.set_override("retry", 1, "oslo_messaging_notifications")
    yield conf
    for name in ("driver", "retry", "transport_url"):
        conf.clear_override(name, "oslo_messaging_notifications")
    conf.reset()


def test_a_dead_bus_holds_nobody(bus: cfg.ConfigOpts, caplog: pytest.LogCaptureFixture) -> None:
    transport = oslo_messaging.get_notification_transport(bus, url="rabbit://127.0.0.1:1/")
    sender = notifications.Notifications(transport, "p", ["t"], backlog=2)
    begun = time.monotonic()
    for _ in range(10):
        sender.send("servers.create.start", {})
    sender.close(0.2)
    assert time.monotonic() - begun < 5
    assert "is dropped: 2 are waiting for the bus" in caplog.text


class Consumer:
    """An endpoint of a listener on the topic."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.done = threading.Event()

    def info(self, context: Any, publisher: str, event: str, payload: Any, metadata: Any) -> None:
        self.heard.append((publisher, event, payload))
        self.done.set()


def test_a_consumer_of_the_topic_hears_it(bus: cfg.ConfigOpts) -> None:
    bus.set_override("transport_url", "fake://", "oslo_messaging_notifications")
    sender, consumer = notifications.of(bus, "publisher"), Consumer()
    assert sender is not None
    targets = [oslo_messaging.Target(topic="baremetal_svc_versioned_notifications")]
    transport = oslo_messaging.get_notification_transport(bus)
    listener = oslo_messaging.get_notification_listener(transport, targets, [consumer])
    listener.start()
    try:
        sender.send("servers.create.start", {"some": "payload"})
        sender.close()
        assert consumer.done.wait(20)
    finally:
        listener.stop()
        listener.wait()
    assert consumer.heard == [("publisher", "servers.create.start", {"some": "payload"})]


def test_the_page_names_every_sample() -> None:
    page = (SAMPLES.parent / "source" / "admin" / "notifications.rst").read_text()
    samples = sorted(path.name for path in SAMPLES.glob("*.json"))
    assert samples and [name for name in samples if name not in page] == []
    assert [kind for kind in LIFECYCLE if f"``{kind}" not in page] == []
