# SPDX-License-Identifier: Apache-2.0
"""Ironic with fake hardware: API without authentication and one conductor, JSON-RPC between them.

JSON-RPC rather than RabbitMQ, so that a broker that dies in a test takes our service's bus only.
"""

from dataclasses import dataclass
from pathlib import Path

from devstack.local import configuration, databases, layout, processes
from devstack.local.rest import Rest, RestError
from devstack.local.waiting import port_open, ready

_HOME = layout.DATA / "ironic"
_FILE = layout.ETC / "ironic" / "ironic.conf"
_PROCESSES = ("ironic-api", "ironic-conductor")


@dataclass(frozen=True)
class Options:
    """What differs between tests. Delays in seconds; two numbers with a comma are a triangular distribution."""

    power_delay: float | str = 0
    deploy_delay: float | str = 0
    automated_clean: bool = True
    power_sync_interval: int = 60
    notifications: str = ""  # a transport URL; empty: none are sent


def prepare(options: Options | None = None) -> None:
    """Write the configuration, stopping Ironic when it is another one; the first time make the tables.

    Without options a configuration that is there stays.
    """
    for directory in ("http", "tftp", "images", "master", "tftp-master", "lock"):
        (_HOME / directory).mkdir(parents=True, exist_ok=True)
    if (options is not None or not _FILE.exists()) and configuration.write(_FILE, _sections(options or Options())):
        stop()
    done = _HOME / ".prepared"
    if not done.exists():
        databases.create_database("mysql", "ironic")
        processes.run("ironic-prepare", [layout.BIN / "ironic-dbsync", "--config-file", _FILE, "create_schema"])
        databases.dump_mysql("ironic", _pristine())
        done.touch()


def start() -> None:
    """Start the conductor and the API, and wait until the conductor takes work."""
    processes.start("ironic-conductor", [layout.BIN / "ironic-conductor", "--config-file", _FILE])
    configuration.start_wsgi("ironic-api", "ironic.wsgi.api", "--pyargv", f"--config-file {_FILE}", workers=2)
    ready("ironic", _answers, 120, lambda: all(processes.pid(name) for name in _PROCESSES))


def stop() -> None:
    """Stop both."""
    for name in _PROCESSES:
        processes.stop(name)


def reset() -> None:
    """An empty Ironic again: its tables as they were first; a running one is stopped."""
    stop()
    databases.restore_mysql("ironic", _pristine())


def _pristine() -> Path:
    return _HOME / "pristine.sql"


def _answers() -> bool:
    if not port_open(layout.PORTS["ironic_rpc"]):
        return False
    try:
        return bool(Rest(layout.URLS["ironic"] + "/v1").get("/drivers")["drivers"])
    except (RestError, OSError):
        return False


def _sections(options: Options) -> configuration.Sections:
    network = configuration.service_account("ironic")
    network |= {f"{purpose}_network": "provisioning" for purpose in ("provisioning", "cleaning", "inspection", "rescuing", "servicing")}
    return {
        "DEFAULT": _general(options),
        "api": {"public_endpoint": layout.URLS["ironic"]},
        "json_rpc": {"auth_strategy": "noauth", "host_ip": layout.HOST, "port": layout.PORTS["ironic_rpc"]},
        "service_catalog": {"auth_type": "none", "endpoint_override": layout.URLS["ironic"]},
        "database": configuration.database("ironic"),
        "conductor": {
            "automated_clean": options.automated_clean,
            "workers_pool_size": 100,
            "sync_power_state_interval": options.power_sync_interval,
            "permit_provisioning_without_clean": True,
        },
        "fake": {"power_delay": options.power_delay, "deploy_delay": options.deploy_delay},
        "neutron": network,
        "glance": configuration.service_account("ironic"),
        "deploy": {"http_root": _HOME / "http", "http_url": f"http://{layout.HOST}:{layout.PORTS['ironic_http']}", "fast_track": False},
        "agent": {
            "require_tls": False,
            "image_download_source": "http",
            "deploy_logs_collect": "never",
            "post_deploy_get_power_state_retries": 0,
            "post_deploy_get_power_state_retry_interval": 0,
        },
        "pxe": {
            "tftp_root": _HOME / "tftp",
            "images_path": _HOME / "images",
            "instance_master_path": _HOME / "master",
            "tftp_master_path": _HOME / "tftp-master",
        },
        "vnc": {"enabled": False},
        "oslo_concurrency": {"lock_path": _HOME / "lock"},
        "oslo_messaging_notifications": _notifications(options.notifications),
        # Who hears them declares the same exchange: durable or not must be agreed upon.
        "oslo_messaging_rabbit": {"rabbit_quorum_queue": True},
    }


def _general(options: Options) -> dict[str, object]:
    enabled = {
        **dict.fromkeys(("management", "power", "vendor"), "fake"),
        **{name: f"fake,no-{name}" for name in ("bios", "console", "firmware", "inspect", "raid", "rescue")},
        "boot": "fake",
        "deploy": "fake,custom-agent",
        "network": "noop,neutron",
        "storage": "fake,noop",
    }
    return {
        "auth_strategy": "noauth",
        "rpc_transport": "json-rpc",
        "host": layout.HOST,
        "my_ip": layout.HOST,
        "state_path": _HOME,
        "enabled_hardware_types": "fake-hardware",
        **{f"enabled_{name}_interfaces": values for name, values in enabled.items()},
        "default_network_interface": "noop",
        "default_storage_interface": "noop",
        "default_deploy_interface": "fake",
        "hash_ring_reset_interval": 1,
        **({"notification_level": "info"} if options.notifications else {}),
    }


def _notifications(transport_url: str) -> dict[str, object]:
    if not transport_url:
        return {"driver": "noop"}
    return {"driver": "messagingv2", "transport_url": transport_url, "retry": 0}
