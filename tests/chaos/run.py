# SPDX-License-Identifier: Apache-2.0
"""One run of chaos, for the tier and for the long run: what is started, what breaks it, what must hold when it has come to rest."""

import contextlib
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from devstack.local import layout, metal, services
from tests.chaos import invariants, ironic_log
from tests.chaos.breaker import Breaker, Caretaker
from tests.chaos.killer import Killer
from tests.chaos.load import APIS, Load
from tests.chaos.proxy import Proxy
from tests.fixtures.cluster import Cluster

NODES = 24
# Shorter than the default: more of what happens is late, and what the last kills left is found sooner.
LEASE, TIMEOUT = 8.0, 3.5
DRAIN = 420.0
OPTIONS = {
    "conductor.lease": LEASE,
    "conductor.listing_interval": 1.0,
    "conductor.inventory_interval": 5.0,
    "conductor.reconcile_interval": 5.0,
    "ironic.timeout": TIMEOUT,
    "neutron.timeout": TIMEOUT,
    # Ironic may forget a change of power when its conductor is killed in it: the operation ends at its deadline, within the drain.
    **{f"deadlines.power_{change}": 120.0 for change in ("start", "stop", "soft_stop", "reboot", "soft_reboot")},
}
#: Slow, so that there is something to break.
SLOW = {"deploy_delay": 3, "power_delay": 3}
DATABASES = {"mariadb": "mysql", "postgresql": "postgresql", "sqlite": "sqlite"}


@dataclass
class Report:
    """What a run did and found."""

    seed: int
    database: str
    operations: int = 0
    kills: int = 0
    pauses: int = 0
    apis_killed: int = 0
    restarts: str = ""
    late: int = 0
    cut: int = 0
    lost: int = 0
    repaired: int = 0
    deploys: int = 0
    drained: float = 0.0
    violations: list[str] = field(default_factory=list)

    def said(self) -> dict[str, Any]:
        return asdict(self)


def run(directory: Path, *, seed: int, seconds: float, database: str = "mariadb") -> Report:
    """Let everything happen for so many seconds, drain, and look. What was found is printed before anything is cleared away."""
    cluster = Cluster(directory, kind=DATABASES[database], options=OPTIONS)
    proxies = {name: Proxy(layout.PORTS[name], seed) for name in ("ironic", "neutron")}
    cluster.configure({f"{name}.endpoint_override": proxy.url for name, proxy in proxies.items()})
    engine = sa.create_engine(cluster.database_url, pool_pre_ping=True)
    nodes: set[str] = set()
    try:
        report = _run(Report(seed, database), cluster, engine, proxies, nodes, seconds)
        print(report.said(), flush=True)
        return report
    finally:
        cluster.close_conductors()
        cluster.close()
        engine.dispose()
        for proxy in proxies.values():
            proxy.close()
        services.up("ironic")
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(metal.remove, nodes))


def _run(report: Report, cluster: Cluster, engine: sa.Engine, proxies: dict[str, Proxy], nodes: set[str], seconds: float) -> Report:
    resource_class = f"chaos-{uuid.uuid4().hex[:8]}"
    conductors = 2 if report.database == "sqlite" else 3
    older, log = {port["id"] for port in invariants.ports()}, ironic_log.Log()
    for name in [f"api-{n}" for n in range(APIS)] + [f"conductor-{n}" for n in range(conductors)]:
        cluster.start(name)
    nodes |= _enrol(resource_class)
    # Slow from here on only: enrolling cleans each node, which is not what is tested here.
    services.up("ironic", **SLOW)
    cluster.wait_until_up(APIS)
    cluster.wait_for_offers(NODES, resource_class)
    load = Load(cluster, cluster.flavor(resource_class), report.seed)
    killer = Killer(cluster, report.seed, conductors=conductors, apis=APIS, every=3.0, lease=LEASE)
    breaker, caretaker = Breaker(report.seed, report.database, SLOW, every=20.0), Caretaker(lambda: nodes)
    _break(seconds, load, killer, breaker, caretaker)
    # A lock that Ironic could not give back while its database was away is freed by a restart of its conductor, and by nothing else.
    breaker.restart("ironic-conductor")
    for proxy in proxies.values():
        proxy.settle()
    report.drained = round(_drain(engine, nodes, load.made, older), 1)
    caretaker.stop()
    _tell(report, load, killer, breaker, caretaker, list(proxies.values()))
    report.violations += [f"unexpected answer: {one}" for one in load.unexpected]
    report.violations += invariants.violations(engine, nodes, load.made, older)
    report.violations += invariants.twice(proxies["ironic"].changes, breaker.restarts)
    changes = log.changes(nodes)
    report.deploys = sum(change.to == "deploying" and change.accepted for change in changes)
    report.violations += ironic_log.twice(
        changes, invariants.servers_by_request(engine), invariants.late_deploys(proxies["ironic"].changes)
    )
    report.violations += [f"in a log: {line}" for line in cluster.log_lines("REVERT_FAILURE")[:3]]
    if report.violations:
        print(*cluster.log_lines("Traceback| CRITICAL | ERROR ")[-20:], sep="\n", flush=True)
    return report


def _break(seconds: float, load: Load, killer: Killer, breaker: Breaker, caretaker: Caretaker) -> None:
    for part in (load, killer, breaker, caretaker):
        part.start()
    # The point of this pause is the time.
    threading.Event().wait(seconds)
    killer.stop()
    breaker.stop()
    load.stop()


def _tell(report: Report, load: Load, killer: Killer, breaker: Breaker, caretaker: Caretaker, proxies: list[Proxy]) -> None:
    report.operations, report.kills, report.pauses, report.apis_killed = load.operations, killer.killed, killer.paused, killer.apis_killed
    report.restarts, report.repaired = breaker.told(), caretaker.repaired
    report.late = sum(change.late > 0 for proxy in proxies for change in proxy.changes)
    report.cut, report.lost = sum(proxy.cut for proxy in proxies), sum(proxy.lost for proxy in proxies)


def _enrol(resource_class: str) -> set[str]:
    with ThreadPoolExecutor(8) as pool:
        options = {"resource_class": resource_class, "network_interface": "neutron", "deploy_interface": "fake"}
        return {machine.node for machine in pool.map(lambda _: metal.enrol(**options), range(NODES))}


def _drain(engine: sa.Engine, nodes: set[str], made: dict[str, set[str]], older: set[str]) -> float:
    """Until nothing runs and quarantines are over; what is still wrong after that is a violation."""
    begin = time.monotonic()
    pause = threading.Event()
    while time.monotonic() - begin < DRAIN:
        # Ironic may still be coming back from its last restart.
        with contextlib.suppress(services.RestError, OSError):
            if not invariants.unfinished(engine) and not invariants.violations(engine, nodes, made, older):
                break
        pause.wait(0.5)
    return time.monotonic() - begin
