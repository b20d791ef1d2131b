# SPDX-License-Identifier: Apache-2.0
"""One look of the reconciler over 10,000 nodes and 5,000 servers with a port each, all in order: its time, and its calls of each kind.

Ironic, Neutron, Keystone and MariaDB are real. Nodes and ports are clones of one that was made by the API, written into the databases
of Ironic and Neutron; our rows are written as the service writes them. The reconciler runs in this process.
"""

import argparse
import json
import math
import signal
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa
from cryptography.fernet import Fernet
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import assembly
from baremetal_svc.conductor.announcing import Announcer
from baremetal_svc.conductor.reconciler import Outcome
from baremetal_svc.db import flavors, migration, models
from baremetal_svc.db.session import Database
from baremetal_svc.gateways import real, session
from baremetal_svc.gateways.ironic import IronicGateway
from baremetal_svc.gateways.neutron import NeutronGateway
from baremetal_svc.gateways.protocols import Gateways
from baremetal_svc.scheduler import inventory
from benchmarks.cloning import Clones, Held
from devstack.local import configuration as files
from devstack.local import ours, services

NAME = "baremetal_svc_reconcile"
MOST_SECONDS, PAGE, CHUNK = 60.0, 1000, 500


def configured(directory: Path, database_url: str) -> cfg.ConfigOpts:
    """The configuration of a conductor on the local services."""
    sections = ours.sections("bench", database_url, "fake://", Fernet.generate_key().decode())
    sections["neutron"]["endpoint_override"] = services.url("neutron")
    files.write(directory / "bench.conf", sections)
    conf = configuration.register(cfg.ConfigOpts())
    conf(["--config-file", str(directory / "bench.conf")], project="baremetal_svc", default_config_dirs=[])
    real.register(conf)
    return conf


def counted(conf: cfg.ConfigOpts, calls: Counter[str]) -> Gateways:
    """The real gateways; every page of a listing that they ask for is counted as SERVICE_KIND."""
    sessions = {name: session.load(conf, name) for name in ("ironic", "neutron")}

    def noting(service: str) -> Callable[..., None]:
        def note(answer: Any, *args: Any, **more: Any) -> None:
            url = urlsplit(answer.request.url)
            if "limit=" in url.query:
                calls[f"{service}_{url.path.rsplit('/', 1)[-1]}"] += 1

        return note

    for name, made in sessions.items():
        made.session.hooks["response"].append(noting(name))
    plain = real.build(conf)
    ironic, neutron = IronicGateway(sessions["ironic"], conf.ironic), NeutronGateway(sessions["neutron"], conf)
    return Gateways(ironic=ironic, neutron=neutron, images=plain.images, limits=plain.limits)


def write_servers(db: Database, held: list[Held]) -> None:
    """A server with its claim and NIC on each of the nodes, active and at rest."""
    flavor = {
        "id": str(uuid.uuid4()), "name": "bench", "description": "d", "is_public": True, "disabled": False, "resources": {"bench": 1},
        "resource_aggregates": {}, "resource_class": "bench", "pools": [],
    }  # fmt: skip
    db.transact(lambda conn: flavors.insert(conn, flavor))
    for start in range(0, len(held), CHUNK):
        chunk = held[start : start + CHUNK]
        for model, values in _rows(chunk, str(flavor["id"])):
            db.transact(lambda conn, model=model, values=values: conn.execute(sa.insert(model.__table__), values))  # type: ignore[misc]


def _rows(held: list[Held], flavor_id: str) -> Iterator[tuple[type[models.Model], list[dict[str, Any]]]]:
    common = {"project_id": "bench", "created_at": time.time()}
    yield models.Server, [
        {
            **common, "id": one.server_id, "user_id": "u", "name": "bench", "status": "active", "power_state": "power on",
            "flavor_id": flavor_id, "image_id": str(uuid.uuid4()), "node_id": one.node_id, "metadata": {}, "partitions": {},
            "adopted": False,
        }
        for one in held
    ]  # fmt: skip
    yield models.Claim, [
        {
            **common, "id": one.claim_id, "node_id": one.node_id, "server_id": one.server_id, "state": "live", "generation": 1,
            "live_server": one.server_id, "held_node": one.node_id,
        }
        for one in held
    ]  # fmt: skip
    yield models.Nic, [
        {
            "server_id": one.server_id, "nic_index": 0, "network_id": one.network_id, "port_id": one.port_id, "mac_address": one.mac,
            "fixed_ips": [], "detaching": False,
        }
        for one in held
    ]  # fmt: skip


def look(conf: cfg.ConfigOpts, db: Database, gateways: Gateways, calls: Counter[str]) -> tuple[Outcome, dict[str, Any]]:
    """One look; what it found, and what it cost."""
    statements: Counter[str] = Counter()
    sa.event.listen(db.engine, "before_cursor_execute", lambda *args: statements.update(["all"]))
    reconciler = assembly.reconciler(conf, db, gateways, "bench", Announcer(None), lambda: None)
    calls.clear()
    begin, cpu = time.monotonic(), time.process_time()
    outcome = reconciler.reconcile(repair=True)
    seconds, used = time.monotonic() - begin, time.process_time() - cpu
    return outcome, {
        "seconds": round(seconds, 1),
        "cpu_seconds": round(used, 1),
        "calls": dict(calls),
        "statements": statements["all"],
        "findings": len(outcome.results),
        "looked_at": dict(outcome.looked_at),
    }


def holds(found: dict[str, Any], outcome: Outcome) -> bool:
    """Whether the bounds do: a call for each 1,000, and the one that finds the last page empty."""
    looked = found["looked_at"]
    # Ironic lists a port for each node; a node of others may have more, and port groups.
    most = {"ironic_nodes": looked["ironic_nodes"], "ironic_ports": 2 * looked["ironic_nodes"], "ironic_portgroups": 0}
    most["neutron_ports"] = looked["neutron_ports"]
    called = all(found["calls"].get(kind, 0) <= math.ceil(count / PAGE) + 1 for kind, count in most.items())
    return found["seconds"] <= MOST_SECONDS and called and not outcome.results and not outcome.untold


def measure(nodes: int, servers: int) -> int:
    """:returns: 0 when the bounds hold."""
    calls: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="bench-reconcile-") as directory, Clones() as clones:
        database_url = services.create_database("mysql", NAME)
        conf = configured(Path(directory), database_url)
        db = Database(database_url)
        migration.sync(db.engine)
        gateways = counted(conf, calls)
        try:
            begin = time.monotonic()
            held = clones.make(nodes, servers)
            print(f"{nodes} nodes and {servers} ports made in {time.monotonic() - begin:.1f} s", flush=True)
            begin = time.monotonic()
            inventory.sync(db, gateways.ironic, with_ports=True)
            print(f"listed and written in {time.monotonic() - begin:.1f} s", flush=True)
            write_servers(db, held)
            outcome, found = look(conf, db, gateways, calls)
        finally:
            db.close()
            services.drop_database("mysql", NAME)
    for service, reason in outcome.untold.items():
        print(f"cannot tell about {service}: {reason}")
    for result in outcome.results[:10]:
        print(f"{result.finding.code} {result.finding.target}: {result.finding.detail}")
    print(json.dumps({"benchmark": "reconcile", "nodes": nodes, "servers": servers, **found}))
    return 0 if holds(found, outcome) else 1


def main() -> int:
    """:returns: 0 when the bounds hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=10000)
    parser.add_argument("--servers", type=int, default=5000)
    asked = parser.parse_args()
    if asked.servers > asked.nodes:
        parser.error("each server needs a node")
    # What was cloned must go whatever happens.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # Ironic would look at the power of each clone every minute, and bring what is unknown to it in line.
    services.up("mariadb", "keystone", "neutron", "ironic", power_sync_interval=86400)
    return measure(asked.nodes, asked.servers)


if __name__ == "__main__":
    sys.exit(main())
