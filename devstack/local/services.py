# SPDX-License-Identifier: Apache-2.0
"""The module that tests, benchmarks and the chaos harness use: start, stop and reach the real services.

Services are started side by side, each as soon as what it stands on answers. See README.rst.
"""

import fcntl
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from devstack.local import databases, glance, ironic, keystone, layout, neutron, ours, processes, rabbitmq
from devstack.local.databases import create_database, drop_database
from devstack.local.rabbitmq import create_vhost
from devstack.local.rest import Rest, RestError, client, token
from devstack.local.waiting import port_open, ready

__all__ = [
    "EVERYTHING",
    "SERVICES",
    "Rest",
    "RestError",
    "client",
    "closure",
    "create_database",
    "create_vhost",
    "down",
    "drop_database",
    "kill",
    "pid",
    "reset_ironic",
    "running",
    "stop",
    "token",
    "transport_url",
    "up",
    "url",
]


def _start_fakeagent() -> None:
    processes.start("fakeagent", [sys.executable, "-m", "devstack.local.agent"], PYTHONPATH=str(layout.CHECKOUT))
    ready("fakeagent", lambda: port_open(layout.PORTS["fakeagent"]), 20, lambda: processes.pid("fakeagent"))


@dataclass(frozen=True)
class _Step:
    """One thing to do; `after` must have been done before, as far as it is wanted at all."""

    run: Callable[[], object]
    after: tuple[str, ...] = ()


# What a service needs running beside it to be of use. The order of starting is in _steps.
_NEEDS = {
    "rabbitmq": (),
    "mariadb": (),
    "postgresql": (),
    "memcached": (),
    "keystone": ("mariadb", "memcached"),
    "neutron": ("keystone", "rabbitmq"),
    "glance": ("keystone",),
    "ironic": ("neutron", "glance"),
    "fakeagent": ("ironic",),
    # Our own service, for a user to try and for clients to be tested against; other tests start processes of their own.
    "bms": ("ironic", "rabbitmq"),
}
EVERYTHING = tuple(_NEEDS)
SERVICES = tuple(name for name in EVERYTHING if name != "bms")
_PROCESSES = {
    "rabbitmq": ("rabbitmq", "epmd"),
    "neutron": ("neutron", "neutron-rpc"),
    "ironic": ("ironic-api", "ironic-conductor"),
    "bms": ("bms-api", "bms-conductor"),
}
# Clients first, then what they stand on.
_STOP_ORDER = (("bms",), ("fakeagent", "ironic", "neutron", "glance", "keystone"), ("rabbitmq", "mariadb", "postgresql", "memcached"))


def up(*names: str, timings: dict[str, float] | None = None, **ironic_options: object) -> None:
    """Start the services and what they need, and wait until they answer; what runs stays as it is.

    The options are those of `ironic.Options` (deploy_delay=3, ...); an Ironic that runs with others is restarted.

    :raises ValueError: an unknown service.
    :raises RuntimeError: one failed; the message names its log.
    """
    unknown = [name for name in names if name not in _NEEDS]
    if unknown:
        raise ValueError(f"unknown services: {', '.join(unknown)} (known: {', '.join(_NEEDS)})")
    layout.make_directories()
    options = ironic.Options(**ironic_options) if "ironic" in names else None  # type: ignore[arg-type]
    with _one_at_a_time():
        _run_all(_steps(closure(names or _NEEDS), options), {} if timings is None else timings)


def down(wipe: bool = False) -> None:
    """Stop everything that was started under this state directory; `wipe` removes its data, settings and logs too."""
    if layout.STATE.exists():
        layout.make_directories()
        with _one_at_a_time(), ThreadPoolExecutor(4) as pool:
            for group in _STOP_ORDER:
                list(pool.map(stop, group))
            list(pool.map(stop, processes.running()))
    if wipe:
        for directory in (layout.ETC, layout.LOG, layout.RUN, layout.DATA, layout.SHORT):  # and nothing else that lies there
            shutil.rmtree(directory, ignore_errors=True)


def stop(name: str) -> None:
    """Stop a service, or one process of it such as "ironic-conductor"; `up` starts what is missing."""
    for process in _PROCESSES.get(name, (name,)):
        processes.stop(process, gently=databases.POSTGRESQL_STOP if process == "postgresql" else signal.SIGTERM)


def kill(name: str, what: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to every process of a service at once: SIGKILL, SIGSTOP, SIGCONT.

    :raises ProcessLookupError: it does not run.
    """
    for process in _PROCESSES.get(name, (name,)):
        processes.kill(process, what)


def pid(name: str) -> int | None:
    """The pid of a process (ironic-api, ironic-conductor, neutron, neutron-rpc, ...), None when it does not run."""
    return processes.pid(name)


def running() -> list[str]:
    """The processes that run now."""
    return processes.running()


def url(name: str) -> str:
    """The address of keystone (with /v3), neutron, glance, ironic, bms (with /v1) or fakeagent, without a slash at its end."""
    return layout.URLS[name]


def transport_url(vhost: str = "") -> str:
    """The oslo.messaging URL of a virtual host of RabbitMQ; see create_vhost."""
    return rabbitmq.url(vhost)


def reset_ironic() -> None:
    """An Ironic without nodes, with the same options, running again when it ran before."""
    ran = processes.pid("ironic-api") is not None
    with _one_at_a_time():
        ironic.reset()
        if ran:
            ironic.start()


def closure(names: Iterable[str]) -> set[str]:
    """These services and everything they need. :raises ValueError: there is none of that name."""
    wanted: set[str] = set()
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in _NEEDS:
            raise ValueError(f"there is no service {name}; there are {', '.join(sorted(_NEEDS))}")
        if name not in wanted:
            wanted.add(name)
            todo.extend(_NEEDS[name])
    return wanted


def _steps(wanted: set[str], options: ironic.Options | None) -> dict[str, _Step]:
    every = {
        "mariadb": _Step(databases.start_mariadb),
        "rabbitmq": _Step(rabbitmq.start),
        "memcached": _Step(databases.start_memcached),
        "postgresql": _Step(databases.start_postgresql),
        "keystone/prepare": _Step(keystone.prepare, ("mariadb",)),
        "neutron/prepare": _Step(neutron.prepare, ("mariadb",)),
        "ironic/prepare": _Step(lambda: ironic.prepare(options), ("mariadb",)),
        "keystone": _Step(keystone.start, ("keystone/prepare", "memcached")),
        "ironic": _Step(ironic.start, ("ironic/prepare",)),
        "neutron": _Step(neutron.start, ("neutron/prepare", "keystone", "rabbitmq")),
        "glance/prepare": _Step(glance.prepare, ("mariadb",)),
        "glance": _Step(glance.start, ("glance/prepare", "keystone")),
        "bms/prepare": _Step(ours.prepare, ("mariadb", "rabbitmq")),
        "bms": _Step(ours.start, ("bms/prepare", "neutron", "glance", "ironic")),
        "fakeagent": _Step(_start_fakeagent),
    }
    return {name: step for name, step in every.items() if name.partition("/")[0] in wanted}


def _run_all(steps: dict[str, _Step], timings: dict[str, float]) -> None:
    """Run them in threads, each when those before it are done; the first failure is raised after all have ended."""
    futures: dict[str, Future[None]] = {}

    def perform(name: str, step: _Step) -> None:
        for earlier in step.after:
            if earlier in futures:
                futures[earlier].result()
        begin = time.monotonic()
        step.run()
        timings[name] = time.monotonic() - begin

    with ThreadPoolExecutor(len(steps)) as pool:
        for name, step in steps.items():
            futures[name] = pool.submit(perform, name, step)
    for future in futures.values():
        future.result()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    with open(layout.RUN / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
