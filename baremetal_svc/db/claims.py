# SPDX-License-Identifier: Apache-2.0
"""Claims: who holds which node. Unique columns make a second holder impossible."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.groups import DOMAIN
from baremetal_svc.db.models import Claim, Node, NodeTag, Offer

CLAIM = Claim.__table__.c
OFFER = Offer.__table__.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which nodes will do, besides pool and resource class.

    :ivar excluded: ids of nodes that were tried before.
    :ivar tags: each of which the node must carry.
    :ivar within: failure domains of which the node must be in one; None for any.
    :ivar outside: failure domains in none of which it may be.
    """

    excluded: Sequence[str] = ()
    tags: Sequence[str] = ()
    within: Sequence[str] | None = None
    outside: Sequence[str] | None = None

    def conditions(self, node_id: Any) -> list[Any]:
        """As SQL, on a column with ids of nodes. A node without a failure domain stands for no group."""
        tag, node = NodeTag.__table__.c, Node.__table__.c
        found = [sa.exists().where(tag.tag == wanted, tag.node_id == node_id) for wanted in self.tags]
        if self.excluded:
            found.append(node_id.not_in(self.excluded))
        if self.within is not None:
            found.append(sa.exists().where(node.id == node_id, DOMAIN.in_(self.within)))
        if self.outside is not None:
            found.append(sa.exists().where(node.id == node_id, DOMAIN != "", DOMAIN.not_in(self.outside)))
        return found


def candidates(
    conn: Connection, pool_id: str, resource_class: str, start: int, *, wanted: Wanted, limit: int, skip_locked: bool
) -> list[str]:
    """Nodes on offer from a random start, wrapping around, so that concurrent claimers seldom meet."""
    found: list[str] = []
    for condition in (OFFER.rnd >= start, OFFER.rnd < start):
        statement = select(OFFER.node_id).where(OFFER.pool_id == pool_id, OFFER.resource_class == resource_class, condition)
        statement = statement.where(*wanted.conditions(OFFER.node_id)).order_by(OFFER.rank, OFFER.rnd).limit(limit - len(found))
        if skip_locked:
            statement = statement.with_for_update(of=Offer.__table__, skip_locked=True)
        found += conn.execute(statement).scalars().all()
        if len(found) == limit:
            break
    return found


def take_offers(conn: Connection, node_id: str) -> bool:
    """Delete every offer of the node; False when another claimer was faster. The compare-and-swap of the claim."""
    return conn.execute(sa.delete(Offer.__table__).where(OFFER.node_id == node_id)).rowcount > 0


def insert(conn: Connection, claim_id: str, *, node_id: str, server_id: str, project_id: str, generation: int) -> None:
    """:raises DBDuplicateEntry: the node is held, or the server holds a node."""
    conn.execute(
        sa.insert(Claim.__table__).values(
            id=claim_id,
            node_id=node_id,
            server_id=server_id,
            project_id=project_id,
            generation=generation,
            state="live",
            live_server=server_id,
            held_node=node_id,
            created_at=now(),
        )
    )


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
