# SPDX-License-Identifier: Apache-2.0
"""What the service counts, for Prometheus. Labels are bounded: route templates, kinds, steps, pools; never ids, paths or projects."""

import logging
import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, multiprocess, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from baremetal_svc.domain.capacity import State
from baremetal_svc.domain.errors import Unavailable

LOG = logging.getLogger(__name__)

#: Up to a long poll; up to a disk that is erased.
_REQUESTS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WORK = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)
#: Several processes that share PROMETHEUS_MULTIPROC_DIR.
_SHARED = "PROMETHEUS_MULTIPROC_DIR"
_NUMBER = re.compile(r"-\d+$")

REQUESTS = Counter("baremetal_svc_http_requests", "Requests answered by the API.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram(
    "baremetal_svc_http_request_duration_seconds", "Time to answer, long polls included.", ["method", "route"], buckets=_REQUESTS
)
ENDED = Counter("baremetal_svc_operations_ended", "Operations that ended: done, failed or cancelled.", ["kind", "outcome"])
OPERATION_SECONDS = Histogram("baremetal_svc_operation_duration_seconds", "From request to end.", ["kind"], buckets=_WORK)
STEP_SECONDS = Histogram(
    "baremetal_svc_step_duration_seconds",
    "Steps that were done, waits included, as operations end.",
    ["kind", "step"],
    buckets=_WORK,
)
CLAIMS = Counter("baremetal_svc_claims", "Looks for a free node: taken, or none.", ["outcome"])
CALLS = Counter("baremetal_svc_gateway_calls", "Calls to other services: ok, refused, unavailable, error.", ["service", "call", "outcome"])
CALL_SECONDS = Histogram(
    "baremetal_svc_gateway_call_duration_seconds", "Time of a call to another service, retries included.", ["service"], buckets=_REQUESTS
)
# Times, not ages: a process that has not listed yet says 0, and whoever reads takes the maximum.
LISTED_AT = Gauge(
    "baremetal_svc_inventory_listed_timestamp_seconds", "When this process last listed Ironic wholly.", multiprocess_mode="mostrecent"
)
REPAIRS = Counter("baremetal_svc_repairs", "Findings that the reconciler has mended.", ["code"])
RECONCILED_AT = Gauge(
    "baremetal_svc_reconciled_timestamp_seconds", "When this process last reconciled to the end.", multiprocess_mode="mostrecent"
)
LISTING_SECONDS = Gauge("baremetal_svc_inventory_listing_seconds", "How long that took.", multiprocess_mode="mostrecent")


def step_label(name: str) -> str:
    """The step without the number of a NIC: create-port-3 -> create-port."""
    return _NUMBER.sub("", name)


@contextmanager
def listing() -> Iterator[None]:
    """Around one listing of Ironic; one that fails leaves the time of the last good one."""
    begun = time.monotonic()
    yield
    LISTING_SECONDS.set(time.monotonic() - begun)
    LISTED_AT.set_to_current_time()


class Standing(Collector):
    """What the database says at the moment of a scrape, remembered for some seconds: every conductor answers the same, hence max().

    :param read: the rows of db.census, as {"operations": ..., "faults": ..., "pools": ...}.
    """

    def __init__(self, read: Callable[[], Mapping[str, Sequence[Mapping[str, Any]]]], fresh: float = 5.0) -> None:
        self._read = read
        self._fresh = fresh
        self._lock = threading.Lock()
        self._read_at = float("-inf")
        self._found: list[Metric] = []

    def collect(self) -> Iterable[Metric]:
        """A scrape never fails because of the database: it says that it is down."""
        with self._lock:
            if time.monotonic() - self._read_at > self._fresh:
                try:
                    self._found = [_up(1), *_families(self._read())]
                except Unavailable:
                    self._found = [_up(0)]
                self._read_at = time.monotonic()
            return self._found


def _up(value: int) -> Metric:
    return GaugeMetricFamily("baremetal_svc_database_up", "Whether the database answered.", value=value)


def _families(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[Metric]:
    count = GaugeMetricFamily("baremetal_svc_operations", "Operations that are live.", labels=["kind", "state"])
    age = GaugeMetricFamily("baremetal_svc_operations_oldest_age_seconds", "Age of the oldest live one.", labels=["kind", "state"])
    faults = GaugeMetricFamily("baremetal_svc_faults_open", "Faults that stand.", labels=["target_kind", "code"])
    for row in rows["operations"]:
        count.add_metric([row["kind"], row["state"]], row["count"])
        age.add_metric([row["kind"], row["state"]], max(0.0, row["age"]))
    for row in rows["faults"]:
        faults.add_metric([row["target_kind"], row["code"]], row["count"])
    return [count, age, faults, *_pools(rows["pools"])]


def _pools(rows: Sequence[Mapping[str, Any]]) -> list[Metric]:
    nodes = GaugeMetricFamily("baremetal_svc_pool_nodes", "Nodes of a pool when it was last counted.", labels=["pool", "state"])
    low = GaugeMetricFamily("baremetal_svc_pool_low", "1 while fewer nodes are free than free_below.", labels=["pool"])
    at = GaugeMetricFamily("baremetal_svc_pool_counted_timestamp_seconds", "When the pool was last counted.", labels=["pool"])
    for row in rows:
        for state in State:
            nodes.add_metric([row["name"], state], row["states"].get(state, 0))
        low.add_metric([row["name"]], row["low"])
        at.add_metric([row["name"]], row["as_of"])
    return [nodes, low, at]


def registry(*more: Collector) -> CollectorRegistry:
    """What a scrape reads: this process or, with PROMETHEUS_MULTIPROC_DIR, all that share the directory; and more collectors."""
    made = CollectorRegistry()
    if _SHARED in os.environ:
        multiprocess.MultiProcessCollector(made)  # type: ignore[no-untyped-call]
    else:
        made.register(REGISTRY)
    for collector in more:
        made.register(collector)
    return made


def expose(listen: str, port: int, *more: Collector) -> Callable[[], None]:
    """Serve scrapes from a thread; ends when what is returned is called. Port 0: nothing. A port that is taken stops no service."""
    if not port:
        return lambda: None
    try:
        server, _ = start_http_server(port, listen, registry(*more))
    except OSError as error:
        # Of processes that share a directory the one that has the port answers for all; the next takes it over when it starts anew.
        LOG.log(logging.DEBUG if _SHARED in os.environ else logging.WARNING, "No metrics on %s port %s: %s", listen, port, error)
        return lambda: None

    def stop() -> None:
        server.shutdown()
        server.server_close()

    return stop
