# SPDX-License-Identifier: Apache-2.0
"""Batches: servers of one request, whose first claim is one transaction for all of them."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Batch, Claim, Operation, Server

BATCH = Batch.__table__.c


def insert(conn: Connection, batch_id: str, least: int) -> None:
    """Insert one that no claim was made for."""
    conn.execute(sa.insert(Batch.__table__).values(id=batch_id, least=least, version=0, decided=False, created_at=now()))


def queue_up(conn: Connection, batch_id: str) -> rows.Row | None:
    """Lock a batch until this transaction ends; its row, None when it is gone."""
    conn.execute(update(Batch.__table__).where(BATCH.id == batch_id).values(version=BATCH.version + 1))
    return rows.one(conn, select(Batch.__table__).where(BATCH.id == batch_id))


def leave(conn: Connection, server_id: str) -> None:
    """Take a server out of its batch, if it is of one: after a claim of the batch that goes on now, before the next."""
    batch_id = conn.execute(select(Server.batch_id).where(Server.id == server_id)).scalar()
    if batch_id is not None:
        queue_up(conn, batch_id)
        conn.execute(update(Server.__table__).where(Server.__table__.c.id == server_id).values(batch_id=None))


def to_serve(conn: Connection, batch_id: str, asking: str) -> list[str]:
    """Ids of the servers whose creates go on and that hold no node, that of the one that asks among them, in the order of the request."""
    server, op = Server.__table__.c, Operation.__table__.c
    held = sa.exists().where(Claim.live_server == server.id)
    joined = select(server.id).join(Operation.__table__, op.live_server == server.id)
    going_on = sa.or_(server.id == asking, sa.and_(op.kind == "servers.create", op.cancel_requested.is_(sa.false())))
    wanted = joined.where(server.batch_id == batch_id, going_on, sa.not_(held))
    return list(conn.execute(wanted.order_by(op.created_at, server.id)).scalars())


def decide(conn: Connection, batch_id: str, explanation: Mapping[str, Any]) -> None:
    """Note that its claim was made or refused: from here on each of its servers is on its own.

    :param explanation: why some or all of them hold no node.
    """
    conn.execute(update(Batch.__table__).where(BATCH.id == batch_id).values(decided=True, explanation=dict(explanation)))
