# SPDX-License-Identifier: Apache-2.0
"""A real Ironic with fake hardware as a child process: API and conductor in one, SQLite, no authentication, loopback only.

It ends with us: stopped by pid, and by the kernel when we are killed (see leash.py). Light: imports no part of the service.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

from baremetal_svc.cmd import state_directory

HOST = "127.0.0.1"
_GRACE = 10.0
_LEASH = Path(__file__).with_name("leash.py")


class EmbeddedIronic:
    """prepare() begins making the tables, start() waits for them and starts Ironic, stop() ends whichever runs."""

    def __init__(self, directory: Path, port: int, *, power_delay: int, deploy_delay: int) -> None:
        self._directory = directory
        self._sections = _sections(directory, port, power_delay, deploy_delay)
        self._file = directory / "ironic.conf"
        self._stamp = directory / "prepared-for"
        self._process: subprocess.Popen[bytes] | None = None
        self.log = directory / "ironic.log"
        self.url = f"http://{HOST}:{port}"

    def prepare(self) -> None:
        """Write the configuration; begin making the tables when this version of Ironic has not yet.

        :raises FileNotFoundError: Ironic is not installed.
        """
        for name in ("http", "tftp", "images", "master", "tftp-master", "lock"):
            (self._directory / name).mkdir(parents=True, exist_ok=True)
        state_directory.write(self._file, self._sections)
        version = metadata.version("ironic")
        made = self._stamp.read_text().strip() if self._stamp.exists() else None
        if made != version:
            # Without a stamp the tables are not there, or half of them, from a start that was interrupted.
            if made is None:
                (self._directory / "ironic.sqlite").unlink(missing_ok=True)
            self._spawn("ironic-dbsync", "upgrade" if made else "create_schema")

    def start(self, stopped: threading.Event) -> bool:
        """Start Ironic as soon as its tables are there; False when told to stop meanwhile.

        :raises RuntimeError: the tables cannot be made.
        """
        if self._process is not None:
            while self._process.poll() is None:
                if stopped.wait(0.05):
                    return False
            if self._process.returncode:
                raise RuntimeError(f"ironic-dbsync ended with {self._process.returncode}, see {self.log}")
            self._stamp.write_text(metadata.version("ironic"))
        self._spawn("ironic")
        return True

    def running(self) -> bool:
        """False once it has ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """TERM, and KILL for what is left of its process group: the moment it has ended, or after some seconds."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        # Seen but not reaped: while it is a zombie, its process group cannot be another's.
        _until(lambda: _ended(self._pid), _GRACE)
        try:
            os.killpg(self._pid, signal.SIGKILL)
        finally:
            self._process.wait()

    @property
    def _pid(self) -> int:
        return self._process.pid if self._process else 0

    def _spawn(self, program: str, *arguments: str) -> None:
        path = Path(sys.executable).with_name(program)
        if not path.exists():
            raise FileNotFoundError(f"{path} is missing: install baremetal-svc[embedded]")
        # Without bytecode Ironic starts in 20 s instead of 4; leashed with KILL, since on TERM it waits for its nodes.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        leash = [sys.executable, "-I", "-S", str(_LEASH), str(int(signal.SIGKILL)), str(os.getpid())]
        with open(self.log, "ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 (a program of our own environment)
                [*leash, str(path), "--config-file", str(self._file), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._directory,
                env={**environment, "PYTHONWARNINGS": "ignore"},
                start_new_session=True,
            )


def _ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _until(condition: Callable[[], bool], seconds: float) -> None:
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition() and time.monotonic() < end:
        pause.wait(0.05)


def _sections(directory: Path, port: int, power_delay: int, deploy_delay: int) -> state_directory.Sections:
    fake = {f"enabled_{name}_interfaces": "fake" for name in ("boot", "deploy", "management", "power", "vendor")}
    optional = {f"enabled_{name}_interfaces": f"fake,no-{name}" for name in ("bios", "console", "firmware", "inspect", "raid", "rescue")}
    general = {"auth_strategy": "noauth", "rpc_transport": "none", "host": "all-in-one", "my_ip": HOST, "state_path": directory}
    return {
        "DEFAULT": {
            **general,
            "enabled_hardware_types": "fake-hardware",
            **fake,
            **optional,
            "enabled_network_interfaces": "noop",
            "enabled_storage_interfaces": "noop,fake",
        },
        "api": {"host_ip": HOST, "port": port, "api_workers": 1, "public_endpoint": f"http://{HOST}:{port}"},
        "database": {"connection": f"sqlite:///{directory}/ironic.sqlite"},
        "conductor": {"automated_clean": True, "workers_pool_size": 100, "permit_provisioning_without_clean": True},
        "fake": {"power_delay": power_delay, "deploy_delay": deploy_delay},
        "deploy": {"http_root": directory / "http", "fast_track": False},
        "pxe": {
            "tftp_root": directory / "tftp",
            "images_path": directory / "images",
            "instance_master_path": directory / "master",
            "tftp_master_path": directory / "tftp-master",
        },
        "vnc": {"enabled": False},
        "oslo_concurrency": {"lock_path": directory / "lock"},
        "oslo_messaging_notifications": {"driver": "noop"},
    }
