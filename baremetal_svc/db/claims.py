# SPDX-License-Identifier: Apache-2.0
"""Claims: who holds which node. Unique columns make a second holder impossible."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim

CLAIM = Claim.__table__.c
_INSERT = sa.insert(Claim.__table__).values(created_at=now())


def insert(conn: Connection, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert live claims, {"id", "node_id", "pool_id", "server_id", "project_id", "generation"} each.

    :raises DBDuplicateEntry: a node is held, or a server holds a node.
    """
    live = [{**claim, "state": "live", "live_server": claim["server_id"], "held_node": claim["node_id"]} for claim in values]
    conn.execute(_INSERT, live)


def get(conn: Connection, claim_id: str, *, lock: bool = False) -> rows.Row | None:
    """One claim."""
    statement = select(Claim.__table__).where(CLAIM.id == claim_id)
    return rows.one(conn, statement.with_for_update() if lock else statement)


def live_of(conn: Connection, server_id: str) -> rows.Row | None:
    """The live claim of a server, or None."""
    return rows.one(conn, select(Claim.__table__).where(CLAIM.live_server == server_id))


def holder_of(conn: Connection, node_id: str) -> rows.Row | None:
    """The claim that holds a node, live or releasing, or None."""
    return rows.one(conn, select(Claim.__table__).where(CLAIM.held_node == node_id))


def set_releasing(conn: Connection, claim_id: str) -> None:
    """The server lets go; the node stays held until its release operation has ended."""
    conn.execute(update(Claim.__table__).where(CLAIM.id == claim_id).values(state="releasing", live_server=None))


def set_torn_down(conn: Connection, claim_id: str) -> None:
    """Nothing of the server is left on the node; it may still have to be cleaned."""
    conn.execute(update(Claim.__table__).where(CLAIM.id == claim_id, CLAIM.torn_down_at.is_(None)).values(torn_down_at=now()))


def standing_of(conn: Connection, server_id: str) -> list[rows.Row]:
    """Claims of a server whose machine still carries something of it."""
    return rows.all_of(conn, select(Claim.__table__).where(CLAIM.server_id == server_id, CLAIM.torn_down_at.is_(None)))


def forget(conn: Connection, claim_id: str) -> None:
    """Delete a claim: its node is free."""
    conn.execute(sa.delete(Claim.__table__).where(CLAIM.id == claim_id))
