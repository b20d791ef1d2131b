# SPDX-License-Identifier: Apache-2.0
"""RabbitMQ and its epmd. Virtual hosts are made through the broker's own command line."""

import os
import subprocess

from devstack.local import layout, processes
from devstack.local.waiting import port_open, ready

_SCRIPTS = "/usr/lib/rabbitmq/bin/"  # the wrappers in /usr/sbin want to become another user
_CONFIGURATION = """\
loopback_users = none
listeners.tcp.default = {host}:{port}
default_user = {user}
default_pass = {password}
vm_memory_high_watermark.absolute = 2GB
disk_free_limit.absolute = 100MB
log.console = true
log.console.level = warning
log.file = false
"""


def start() -> None:
    """Start the broker and wait for its port."""
    home = layout.DATA / "rabbitmq"
    home.mkdir(exist_ok=True)
    (home / "enabled_plugins").write_text("[].\n")
    ports = layout.PORTS
    text = _CONFIGURATION.format(host=layout.HOST, port=ports["rabbitmq"], user=layout.BUS_USER, password=layout.PASSWORD)
    (home / "rabbitmq.conf").write_text(text)
    # Before the broker and as our child: else Erlang leaves one behind that listens on every address.
    epmd = ["epmd", "-address", layout.HOST, "-port", str(ports["epmd"]), "-relaxed_command_check"]
    processes.start("epmd", epmd, ERL_EPMD_RELAXED_COMMAND_CHECK="1")
    ready("epmd", lambda: port_open(ports["epmd"]), 20, lambda: processes.pid("epmd"))
    processes.start("rabbitmq", [_SCRIPTS + "rabbitmq-server"], **_environment())
    ready("rabbitmq", lambda: port_open(ports["rabbitmq"]), 120, lambda: processes.pid("rabbitmq"))


def create_vhost(name: str) -> str:
    """An empty virtual host, an old one of that name dropped first; answers its transport URL."""
    if name in _ctl("list_vhosts", "--silent").split():
        _ctl("delete_vhost", name)
    _ctl("add_vhost", name)
    _ctl("set_permissions", "-p", name, layout.BUS_USER, ".*", ".*", ".*")
    return url(name)


def url(vhost: str = "") -> str:
    """The transport URL of a virtual host; the empty name is the default one."""
    return f"rabbit://{layout.BUS_USER}:{layout.PASSWORD}@{layout.HOST}:{layout.PORTS['rabbitmq']}/{vhost}"


def _environment() -> dict[str, str]:
    home, ports = layout.DATA / "rabbitmq", layout.PORTS
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "RABBITMQ_NODENAME": "bms@localhost",
        "RABBITMQ_NODE_IP_ADDRESS": layout.HOST,
        "RABBITMQ_NODE_PORT": str(ports["rabbitmq"]),
        "RABBITMQ_DIST_PORT": str(ports["rabbitmq_dist"]),
        "ERL_EPMD_ADDRESS": layout.HOST,
        "ERL_EPMD_PORT": str(ports["epmd"]),
        "ERL_EPMD_RELAXED_COMMAND_CHECK": "1",
        # Whatever runs Erlang while ours is down would leave a daemon behind that holds the port, and ours could not start again.
        "ERL_FLAGS": "-start_epmd false",
        "RABBITMQ_MNESIA_BASE": str(home / "mnesia"),
        "RABBITMQ_LOG_BASE": str(layout.LOG),
        "RABBITMQ_PID_FILE": str(home / "pid"),
        "RABBITMQ_ENABLED_PLUGINS_FILE": str(home / "enabled_plugins"),
        "RABBITMQ_CONFIG_FILE": str(home / "rabbitmq.conf"),
        "RABBITMQ_CONF_ENV_FILE": os.devnull,
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
    }


def _ctl(*words: str) -> str:
    command = [_SCRIPTS + "rabbitmqctl", "-n", "bms@localhost", *words]
    environment = layout.environment(**_environment())
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    if done.returncode:
        raise RuntimeError(f"rabbitmqctl {' '.join(words)}: {done.stderr or done.stdout}")
    return done.stdout
