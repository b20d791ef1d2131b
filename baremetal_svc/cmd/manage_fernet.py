# SPDX-License-Identifier: Apache-2.0
"""The commands of ``baremetal-svc-manage fernet``: the keys under which secrets wait in the database."""

from cryptography.fernet import Fernet
from oslo_config import cfg

from baremetal_svc.cmd.manage_db import database
from baremetal_svc.db import secrets

CHUNK = 100


def generate_key(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Print a new key for [secrets] fernet_key."""
    return Fernet.generate_key().decode(), 0


def rotate(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Encrypt every stored secret anew under the first configured key; 1 when none of the keys opens some."""
    vault = secrets.Vault(conf.secrets.fernet_key)
    place: secrets.Place | None = secrets.START
    rotated = lost = 0
    with database(conf) as db:
        while place is not None:
            place, done, failed = db.transact(lambda conn, place=place: vault.rotate(conn, place, CHUNK))  # type: ignore[misc]
            rotated, lost = rotated + done, lost + failed
    said = f"{rotated} secrets are under the first key"
    return (f"{said}; {lost} are under none of the keys: name the missing one again", 1) if lost else (said, 0)
