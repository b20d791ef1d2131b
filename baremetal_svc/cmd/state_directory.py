# SPDX-License-Identifier: Apache-2.0
"""The state directory of the all-in-one process: configuration, key, images file, databases. Light: imports no part of the service."""

import base64
import configparser
import fcntl
import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: The one image that a fresh state directory knows.
IMAGE_ID = "1a9e0000-0000-4000-8000-000000000001"

Sections = Mapping[str, Mapping[str, Any]]


class StateDirectory:
    """Makes what is missing, keeps what is there. One process at a time may hold it."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock: int | None = None

    def hold(self) -> bool:
        """Take the directory until this process ends; False when another process has it."""
        # Not inherited by children: Ironic must not hold it on.
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def configuration(self, host: str, port: int, ironic: str) -> list[Path]:
        """Write the service's configuration for this start; the files in the order in which they are read: what an operator sets wins."""
        secrets, general, own = (self.path / name for name in ("secrets.conf", "baremetal-svc.conf", "local.conf"))
        if not secrets.exists():
            key = base64.urlsafe_b64encode(os.urandom(32)).decode()
            write(secrets, {"secrets": {"fernet_key": key}})
        write(general, self._sections(host, port, ironic), f"# Written anew at each start. What is set in {own.name} beside it wins.\n\n")
        return [secrets, general, *([own] if own.exists() else [])]

    def _sections(self, host: str, port: int, ironic: str) -> Sections:
        shown = f"[{host}]" if ":" in host else host
        return {
            "DEFAULT": {"transport_url": "fake://"},
            "api": {"auth_strategy": "noauth", "public_endpoint": f"http://{shown}:{port}"},
            # One listing of 20 nodes costs Ironic some 20 ms: look often, so that a newcomer waits for nothing.
            "conductor": {"listing_interval": 0.3, "inventory_interval": 1, "drain_timeout": 5},
            "database": {"connection": f"sqlite:///{self.path}/baremetal-svc.sqlite"},
            "images": {"file": self._images()},
            "ironic": {"auth_type": "none", "endpoint_override": ironic},
            "neutron": {"mode": "flat"},
            "oslo_concurrency": {"lock_path": self.path},
            # Nobody to share the machines with.
            "quotas": {"servers": -1, "server_groups": -1, "keypairs": -1, "reserved_nodes": -1},
        }

    def _images(self) -> Path:
        """The images file; made with one image that fake hardware can be given, and the operator's own from then on."""
        file = self.path / "images.json"
        if not file.exists():
            content = b"Fake hardware copies this nowhere.\n"
            (self.path / "example.img").write_bytes(content)
            checksum = hashlib.sha256(content).hexdigest()
            image = {"id": IMAGE_ID, "name": "example", "url": f"file://{self.path}/example.img", "disk_format": "raw"}
            entry = {**image, "os_hash_algo": "sha256", "os_hash_value": checksum, "size": len(content)}
            _replace(file, json.dumps({"images": [entry]}, indent=2) + "\n")
        return file


def write(path: Path, sections: Sections, note: str = "") -> None:
    """Write a configuration file that only we may read, a note first; "$" would begin a reference."""
    parser = configparser.RawConfigParser(default_section="no such section", interpolation=None)
    for name, options in sections.items():
        parser[name] = {option: str(value).replace("$", "$$") for option, value in options.items()}
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(note)
        parser.write(file)
    new.rename(path)


def _replace(path: Path, text: str) -> None:
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.rename(path)
