# SPDX-License-Identifier: Apache-2.0
"""Versioned notifications for operators' tools. Sent by a thread of their own: a slow or dead bus holds nobody. At most once.

Consumers read fields by name: a field more raises the minor version, anything else the major one, and doc/notification_samples shows it.
"""

import logging
import queue
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.notify import notifier

LOG = logging.getLogger(__name__)

#: While the bus is away so many wait; what comes then is dropped, and the log says so.
BACKLOG = 1000
_GROUP = "oslo_messaging_notifications"


class Notifications:
    """Takes notifications from any thread and sends them in order."""

    def __init__(self, transport: oslo_messaging.Transport, publisher: str, topics: Sequence[str], backlog: int = BACKLOG) -> None:
        self._notifier = oslo_messaging.Notifier(transport, publisher, topics=list(topics))
        self._waiting: queue.Queue[tuple[str, Mapping[str, Any]] | None] = queue.Queue(backlog)
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def send(self, event: str, payload: Mapping[str, Any]) -> None:
        """Queue one; events that end in ".error" go out with that priority, all others with "info". Never waits, never raises."""
        with self._lock:
            # Started late, since a thread that was started before a fork does not exist in the child.
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="notifications", daemon=True)
                self._thread.start()
        try:
            self._waiting.put_nowait((event, payload))
        except queue.Full:
            LOG.warning("The notification %s is dropped: %s are waiting for the bus", event, self._waiting.maxsize)

    def close(self, seconds: float = 5.0) -> None:
        """Send what waits, for so many seconds at most."""
        if self._thread is None:
            return
        try:
            self._waiting.put(None, timeout=seconds)
        except queue.Full:
            LOG.warning("%s notifications are dropped: the bus is away", self._waiting.qsize())
        self._thread.join(seconds)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            event, payload = waiting
            # What goes wrong with a driver is logged by oslo.messaging, and raised to nobody.
            (self._notifier.error if event.endswith(".error") else self._notifier.info)({}, event, payload)


def of(conf: cfg.ConfigOpts, publisher: str) -> Notifications | None:
    """The notifications that the configuration asks for; None without a driver, or with noop alone."""
    # Not oslo_messaging.opts, the public list: it imports every driver of every bus.
    conf.register_opts(notifier._notifier_opts, _GROUP)
    if not set(conf[_GROUP].driver) - {"noop"}:
        return None
    return Notifications(oslo_messaging.get_notification_transport(conf), publisher, conf.notifications.topics)


def operation_payload(operation: Mapping[str, Any]) -> dict[str, Any]:
    """OperationPayload 1.0 of a row. No arguments and no messages: they may say what only the tenant should read."""
    error = operation["error"]
    data = {
        **{name: operation[name] for name in ("id", "kind", "state", "target_id", "project_id", "user_id", "request_id")},
        **{name: _moment(operation[name]) for name in ("created_at", "deadline_at", "ended_at")},
        "error": None if error is None else {"code": error["code"], "step": error["step"]},
    }
    return _enveloped("OperationPayload", data)


def repair_payload(repair: Mapping[str, str]) -> dict[str, Any]:
    """RepairPayload 1.0 of {"code", "target_kind", "target_id"}."""
    return _enveloped("RepairPayload", repair)


def capacity_payload(pool: Mapping[str, Any], *, total: int, free: int, as_of: float) -> dict[str, Any]:
    """PoolCapacityPayload 1.0 of a pool ({"id", "name", "free_below"}) and its nodes at a time in seconds since the epoch."""
    named = {name: pool[name] for name in ("id", "name", "free_below")}
    return _enveloped("PoolCapacityPayload", {**named, "total": total, "free": free, "as_of": _moment(as_of)})


def _enveloped(name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    prefix = "baremetal_svc_object"
    head = {f"{prefix}.name": name, f"{prefix}.namespace": "baremetal_svc", f"{prefix}.version": "1.0"}
    return {**head, f"{prefix}.data": dict(data)}


def _moment(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
