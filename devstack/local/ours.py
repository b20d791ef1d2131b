# SPDX-License-Identifier: Apache-2.0
"""Our own service as a user would run it: uWSGI, a conductor, MariaDB, RabbitMQ; machines and a flavor to begin with."""

import base64
import os

from devstack.local import configuration, databases, layout, metal, processes, rabbitmq
from devstack.local.rest import Rest, RestError, client
from devstack.local.waiting import http_answers, ready, until

RESOURCE_CLASS = "metal"
NODES, RACKS = 6, 3
_HOME = layout.DATA / "bms"
_FILE = layout.ETC / "baremetal_svc.conf"
_PROCESSES = ("bms-api", "bms-conductor")


def sections(host: str, database_url: str, transport_url: str, fernet_key: str) -> dict[str, dict[str, object]]:
    """baremetal_svc.conf on the local services; ``host`` names the conductor."""
    account = configuration.service_account("baremetal_svc")
    return {
        "DEFAULT": {"transport_url": transport_url},
        "database": {"connection": database_url, "max_pool_size": 20, "max_overflow": 20},
        "api": {"auth_strategy": "keystone"},
        "conductor": {"host": host, "inventory_interval": 5},
        "secrets": {"fernet_key": fernet_key},
        "ironic": {"auth_type": "none", "endpoint_override": layout.URLS["ironic"]},
        "neutron": {"mode": "neutron", **account},
        "glance": account,
        "keystone_authtoken": configuration.token_validation("baremetal_svc", "baremetal_compute"),
        "oslo_messaging_rabbit": {"rabbit_quorum_queue": True, "rabbit_transient_quorum_queue": True},
    }


def prepare() -> None:
    """Write the configuration; the first time make the tables."""
    _HOME.mkdir(exist_ok=True)
    key = _HOME / "fernet-key"
    if not key.exists():
        key.write_text(base64.urlsafe_b64encode(os.urandom(32)).decode())
    found = sections("local", databases.url("mysql", "bms"), rabbitmq.url(), key.read_text())
    found["oslo_concurrency"] = {"lock_path": _HOME / "lock"}
    found["oslo_reports"] = {"log_dir": layout.LOG}
    configuration.write(_FILE, found)
    done = _HOME / ".prepared"
    if not done.exists():
        databases.create_database("mysql", "bms")
        done.touch()
    processes.run("bms-prepare", [layout.BIN / "baremetal-svc-manage", "--config-file", _FILE, "db", "sync"])


def start() -> None:
    """Start API and conductor; the first time enrol machines and make a flavor."""
    configuration.start_wsgi("bms-api", "baremetal_svc.wsgi.api", OS_BAREMETAL_SVC_CONFIG_FILES=str(_FILE))
    processes.start("bms-conductor", [layout.BIN / "baremetal-svc-conductor", "--config-file", _FILE])
    ready("bms", lambda: http_answers(layout.URLS["bms"]), 60, lambda: all(processes.pid(name) for name in _PROCESSES))
    done = _HOME / ".seeded"
    if not done.exists():
        _seed(client("bms"))
        done.touch()


def _seed(service: Rest) -> None:
    for number in range(NODES):
        properties = {"failure_domain": f"rack{number % RACKS + 1}", "cpus": 32, "memory_mb": 262144, "local_gb": 960, "cpu_arch": "x86_64"}
        try:
            metal.enrol(resource_class=RESOURCE_CLASS, name=f"machine-{number + 1}", properties=properties)
        except RestError as error:
            if error.status != 409:  # an earlier start got so far
                raise
    if not service.get("/flavors")["flavors"]:
        service.post("/flavors", {"name": "metal", "description": "32 CPUs, 256 GiB, 960 GB", "resources": {RESOURCE_CLASS: 1}})
    if not until(lambda: sum(node["offered"] for node in service.get("/nodes")["nodes"]) >= NODES, 120, pause=0.5):
        raise TimeoutError("the machines are not on offer; see log/bms-conductor.log")
