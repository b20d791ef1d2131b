# SPDX-License-Identifier: Apache-2.0
"""Secrets between API and conductor, encrypted with Fernet; deleted with the end of their operation."""

import sqlalchemy as sa
from cryptography.fernet import Fernet, MultiFernet
from sqlalchemy import Connection, select

from baremetal_svc.db.models import Secret

SECRET = Secret.__table__.c


class Vault:
    """Puts secrets away and takes them out under the configured keys.

    :raises ValueError: a key is not a Fernet key, or there is none.
    """

    def __init__(self, keys: list[str]) -> None:
        if not keys:
            raise ValueError("[secrets] fernet_key must name at least one key; baremetal-svc-manage secrets new-key prints one")
        self._fernet = MultiFernet([Fernet(key) for key in keys])

    def put(self, conn: Connection, operation_id: str, name: str, value: str) -> None:
        """Store one secret of an operation."""
        ciphertext = self._fernet.encrypt(value.encode()).decode()
        conn.execute(sa.insert(Secret.__table__).values(operation_id=operation_id, name=name, ciphertext=ciphertext))

    def all_of(self, conn: Connection, operation_id: str) -> dict[str, str]:
        """The secrets of an operation by name."""
        found = conn.execute(select(SECRET.name, SECRET.ciphertext).where(SECRET.operation_id == operation_id))
        return {name: self._fernet.decrypt(ciphertext.encode()).decode() for name, ciphertext in found}
