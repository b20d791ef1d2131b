# SPDX-License-Identifier: Apache-2.0
"""What has to be installed: Debian packages and the virtual environment. Does nothing when it is all there."""

import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from devstack.local import layout

_CONSTRAINTS = layout.CHECKOUT / "tools" / "constraints.txt"
_SERVICES = layout.CHECKOUT / "devstack" / "local" / "requirements.txt"
_OURS = ".[server,embedded,cli,mysql,postgresql,test]"
_QUICKSTART = ".[server,embedded,cli]"
_DEBIAN = {
    "rabbitmq": ["rabbitmq-server"],
    # With what mysqlclient is built from, which tests try beside PyMySQL.
    "mariadb": ["mariadb-server", "libmariadb-dev", "pkg-config"],
    "postgresql": ["postgresql"],
    "memcached": ["memcached"],
    # What benchmarks measure with.
    "wrk": ["wrk"],
}
_IN_PYTHON = {"keystone", "neutron", "glance", "ironic"}
_POLICY = Path("/usr/sbin/policy-rc.d")


def install(services: Iterable[str] = ()) -> None:
    """Install our package with its tests' tools, and what the services need.

    :raises RuntimeError: a part cannot be had.
    """
    wanted = set(services)
    built = _compiler() if wanted & {*_IN_PYTHON, "mariadb"} else []
    _debian([*_for_environments(), *built, *(name for part in sorted(wanted) for name in _DEBIAN.get(part, ()))])
    _environment()
    _python("package", ["-e", _OURS], _sources())
    if "mariadb" in wanted:
        _python("mariadb", ["mysqlclient"], [_CONSTRAINTS])
    if wanted & _IN_PYTHON:
        _python("services", ["-r", str(_SERVICES)], [_SERVICES])


def install_quickstart() -> None:
    """Install our package without the tests' tools, unless it is there with or without them.

    :raises RuntimeError: a part cannot be had.
    """
    _debian(_for_environments())
    _environment()
    if not _is_current("package", ["-e", _OURS], _sources()):
        _python("quickstart", ["-e", _QUICKSTART], _sources())


def _for_environments() -> list[str]:
    return [] if find_spec("ensurepip") else ["python3-venv"]


def _sources() -> list[Path]:
    return [layout.CHECKOUT / name for name in ("setup.cfg", "requirements.txt", "pyproject.toml")]


def _compiler() -> list[str]:
    """uWSGI and mysqlclient are built from source."""
    headers = Path(sysconfig.get_path("include")) / "Python.h"
    return ["gcc", "libc6-dev"] + ([] if headers.exists() else ["python3-dev"])


def _debian(names: list[str]) -> None:
    missing = [name for name in names if not _installed(name)]
    if not missing:
        return
    if os.geteuid() != 0:
        raise RuntimeError(f"root is needed to install {' '.join(missing)}")
    print("apt-get install", *missing, flush=True)
    apt = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=300"]
    with _no_daemons():
        _run([*apt, "update"], "apt")
        _run([*apt, "install", "-y", "--no-install-recommends", *missing], "apt", DEBIAN_FRONTEND="noninteractive")


def _installed(name: str) -> bool:
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", name], capture_output=True, text=True, check=False)
    return done.stdout == "install ok installed"


@contextmanager
def _no_daemons() -> Iterator[None]:
    """Keep Debian from starting what it installs: we start our own, elsewhere."""
    ours = not _POLICY.exists()
    if ours:
        _POLICY.write_text("#!/bin/sh\nexit 101\n")
        _POLICY.chmod(0o755)
    try:
        yield
    finally:
        if ours:
            _POLICY.unlink()


def _environment() -> None:
    """Make the virtual environment with pip and uv, unless it is there; again over what an interrupted start has left."""
    if not (layout.BIN / "uv").exists():
        print("python3 -m venv", layout.VENV, flush=True)
        _run([sys.executable, "-m", "venv", str(layout.VENV)], "venv")
        _run([str(layout.BIN / "python"), "-m", "pip", "install", "-q", "-c", str(_CONSTRAINTS), "uv"], "venv")


def _python(group: str, what: list[str], sources: list[Path]) -> None:
    """Install a group of packages when what it is made from has changed since the last time."""
    if _is_current(group, what, sources):
        return
    print("uv pip install", *what, flush=True)
    python = str(layout.BIN / "python")
    options = ["--python", python, "--compile-bytecode", "-c", str(_CONSTRAINTS)]
    version = {} if (layout.CHECKOUT / ".git").exists() else {"PBR_VERSION": os.environ.get("PBR_VERSION", "0.1.0")}
    _run([str(layout.BIN / "uv"), "pip", "install", *options, *what], f"pip-{group}", **version)
    _stamp(group).write_text(_digest(what, sources))


def _is_current(group: str, what: list[str], sources: list[Path]) -> bool:
    stamp = _stamp(group)
    return stamp.exists() and stamp.read_text() == _digest(what, sources)


def _stamp(group: str) -> Path:
    return layout.VENV / f".installed-{group}"


def _digest(what: list[str], sources: list[Path]) -> str:
    present = [path for path in [*sources, _CONSTRAINTS] if path.exists()]
    return hashlib.sha256(b"\0".join([*(path.read_bytes() for path in present), " ".join(what).encode()])).hexdigest()


def _run(command: list[str], log: str, **environment: str) -> None:
    layout.LOG.mkdir(parents=True, exist_ok=True)
    path = layout.LOG / f"{log}.log"
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    everything = {**inherited, **environment}
    with open(path, "ab") as output:
        done = subprocess.run(
            command, cwd=layout.CHECKOUT, env=everything, stdout=output, stderr=output, stdin=subprocess.DEVNULL, check=False
        )
    if done.returncode:
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-12:])
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}, see {path}:\n{tail}")
