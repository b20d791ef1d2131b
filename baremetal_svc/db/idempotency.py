# SPDX-License-Identifier: Apache-2.0
"""What a POST with an Idempotency-Key made."""

import uuid

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import IdempotencyKey

KEY = IdempotencyKey.__table__.c


def find(conn: Connection, project_id: str, key: str) -> rows.Row | None:
    """{"fingerprint", "resource_id"} of an earlier request with the key, or None."""
    return rows.one(conn, select(IdempotencyKey.__table__).where(KEY.project_id == project_id, KEY.idempotency_key == key))


def remember(conn: Connection, project_id: str, key: str, fingerprint: str, resource_id: str) -> None:
    """Note what the request made, in the transaction that makes it.

    :raises DBDuplicateEntry: another request with the key was faster.
    """
    conn.execute(
        sa.insert(IdempotencyKey.__table__).values(
            id=str(uuid.uuid4()),
            project_id=project_id,
            idempotency_key=key,
            fingerprint=fingerprint,
            resource_id=resource_id,
            created_at=now(),
        )
    )
