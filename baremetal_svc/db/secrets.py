# SPDX-License-Identifier: Apache-2.0
"""Secrets between API and conductor, encrypted with Fernet; deleted with the end of their operation."""

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Connection, select, update

from baremetal_svc.db.models import Secret

SECRET = Secret.__table__.c
#: Operation id and name of a secret: how far a rotation is.
Place = tuple[str, str]
START: Place = ("", "")


class Vault:
    """Puts secrets away and takes them out under the configured keys.

    :raises ValueError: a key is not a Fernet key, or there is none.
    """

    def __init__(self, keys: list[str]) -> None:
        if not keys:
            raise ValueError("[secrets] fernet_key must name at least one key; baremetal-svc-manage fernet generate-key prints one")
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            raise ValueError(f"[secrets] fernet_key: {error} baremetal-svc-manage fernet generate-key prints one.") from error

    def put(self, conn: Connection, operation_id: str, name: str, value: str) -> None:
        """Store one secret of an operation."""
        ciphertext = self._fernet.encrypt(value.encode()).decode()
        conn.execute(sa.insert(Secret.__table__).values(operation_id=operation_id, name=name, ciphertext=ciphertext))

    def all_of(self, conn: Connection, operation_id: str) -> dict[str, str]:
        """The secrets of an operation by name."""
        found = conn.execute(select(SECRET.name, SECRET.ciphertext).where(SECRET.operation_id == operation_id))
        return {name: self._fernet.decrypt(ciphertext.encode()).decode() for name, ciphertext in found}

    def rotate(self, conn: Connection, after: Place, limit: int) -> tuple[Place | None, int, int]:
        """Encrypt secrets behind a place anew under the first key; (where to go on, or None at the end, how many, how many no key opens).

        The rows are locked against nothing: one that its operation deletes or another rotation writes meanwhile is left as it is.
        """
        beyond = sa.tuple_(SECRET.operation_id, SECRET.name) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
        found = conn.execute(select(Secret.__table__).where(beyond).order_by(SECRET.operation_id, SECRET.name).limit(limit)).all()
        rotated = lost = 0
        for row in found:
            try:
                new = self._fernet.rotate(row.ciphertext.encode()).decode()
            except InvalidToken:
                lost += 1
                continue
            same = (SECRET.operation_id == row.operation_id, SECRET.name == row.name, SECRET.ciphertext == row.ciphertext)
            rotated += conn.execute(update(Secret.__table__).where(*same).values(ciphertext=new)).rowcount
        return (found[-1].operation_id, found[-1].name) if len(found) == limit else None, rotated, lost
