# SPDX-License-Identifier: Apache-2.0
"""Reservations and their nodes.

Whoever gives a reservation a node, or takes it away, has locked the node's row, as a claim has; of a reservation its own row first.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Select, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.conditions import CONDITIONS, FIT
from baremetal_svc.db.models import Claim, Node, PoolMember, Reservation, ReservedNode, Server
from baremetal_svc.domain.capacity import CLEANING
from baremetal_svc.domain.spread import Candidate

RESERVATION, MINE, NODE = Reservation.__table__.c, ReservedNode.__table__.c, Node.__table__.c
CLAIM, SERVER, MEMBER = Claim.__table__.c, Server.__table__.c, PoolMember.__table__.c
_ZONE = sa.func.coalesce(NODE.affinity_zone, NODE.failure_domain)
_LIVE = sa.and_(RESERVATION.ended_at.is_(None), RESERVATION.until > now())
#: What was retagged, or is another kind of machine by now, is none of the reservation's any more.
_SUITS = sa.and_(
    MINE.fits,
    NODE.resource_class == RESERVATION.resource_class,
    sa.exists().where(MEMBER.pool_id == MINE.pool_id, MEMBER.node_id == MINE.node_id),
)
_FREE = sa.not_(sa.exists().where(CLAIM.held_node == MINE.node_id))
#: A node between two servers comes back by itself.
_PASSING = NODE.provision_state.in_(["available", *sorted(CLEANING)])
_WHOLE = (
    "known to Ironic",
    "not retired",
    "not in maintenance",
    "without a fault",
    "not used by another system",
)
_BROKEN = sa.not_(sa.and_(_PASSING, *(CONDITIONS[name] for name in _WHOLE)))
_TAKEN = sa.exists().where(
    # Adopted, say, or claimed by a conductor of a release that knew of no reservations.
    CLAIM.held_node == MINE.node_id,
    SERVER.id == CLAIM.live_server,
    sa.func.coalesce(SERVER.reservation_id, "") != MINE.reservation_id,
)
_NONE_OF_ITS = sa.or_(_TAKEN, sa.and_(_FREE, sa.not_(_SUITS)))
_LOST = sa.or_(_NONE_OF_ITS, sa.and_(_FREE, _BROKEN))


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """Insert a reservation: id, project_id, user_id, name, flavor_id, resource_class, availability_zone, wanted, count, until."""
    conn.execute(sa.insert(Reservation.__table__).values(created_at=now(), short=False, **values))


def get(conn: Connection, reservation_id: str, project_id: str | None = None, *, lock: bool = False) -> rows.Row | None:
    """One reservation and whether it lasts ("live"), of the given project only unless it is None."""
    statement = select(Reservation.__table__, _LIVE.label("live")).where(RESERVATION.id == reservation_id)
    if project_id is not None:
        statement = statement.where(RESERVATION.project_id == project_id)
    return rows.one(conn, statement.with_for_update() if lock else statement)


def page(conn: Connection, *, project_id: str | None, live: bool | None, limit: int, marker: str | None) -> list[rows.Row]:
    """Reservations by id, with "live"."""
    statement = select(Reservation.__table__, _LIVE.label("live")).order_by(RESERVATION.id).limit(limit)
    if project_id is not None:
        statement = statement.where(RESERVATION.project_id == project_id)
    if live is not None:
        statement = statement.where(_LIVE if live else sa.not_(_LIVE))
    return rows.all_of(conn, statement if marker is None else statement.where(RESERVATION.id > marker))


def set_columns(conn: Connection, reservation_id: str, **values: Any) -> None:
    """Change columns of a reservation."""
    conn.execute(update(Reservation.__table__).where(RESERVATION.id == reservation_id).values(**values))


def end(conn: Connection, reservation_id: str) -> None:
    """Note that it ended now."""
    set_columns(conn, reservation_id, ended_at=now())


def counts(conn: Connection, reservation_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """Of each reservation: nodes that it has ("held"), of these used by a server ("in_use") and ready for one ("ready"); one query."""
    found = {reservation_id: {"held": 0, "in_use": 0, "ready": 0} for reservation_id in reservation_ids}
    live = sa.exists().where(CLAIM.held_node == MINE.node_id, CLAIM.state == "live")
    flags = [sa.func.count(), *(sa.func.sum(sa.case((condition, 1), else_=0)) for condition in (live, sa.and_(_SUITS, *FIT)))]
    counted = _joined(select(MINE.reservation_id, *flags)).where(MINE.reservation_id.in_(reservation_ids)).group_by(MINE.reservation_id)
    for reservation_id, *numbers in conn.execute(counted):
        found[reservation_id] = dict(zip(("held", "in_use", "ready"), map(int, numbers), strict=True))
    return found


def names_of_nodes(conn: Connection, reservation_id: str) -> list[dict[str, str]]:
    """{"uuid", "name"} of its nodes, by name."""
    statement = select(NODE.id, NODE.name).join(ReservedNode.__table__, MINE.node_id == NODE.id)
    found = conn.execute(statement.where(MINE.reservation_id == reservation_id).order_by(NODE.name, NODE.id))
    return [{"uuid": node_id, "name": name or node_id} for node_id, name in found]


def _joined(statement: Select[Any]) -> Select[Any]:
    reserved = statement.select_from(ReservedNode.__table__).join(Reservation.__table__, RESERVATION.id == MINE.reservation_id)
    return reserved.join(Node.__table__, NODE.id == MINE.node_id)


def standing(reservation_id: str) -> Select[Any]:
    """Ids of the nodes of a reservation, as a statement: {"node_id"}; none once it is over, nor what was retagged."""
    return _joined(select(MINE.node_id)).where(MINE.reservation_id == reservation_id, _LIVE, _SUITS)


def candidates(conn: Connection, reservation_id: str, conditions: Sequence[Any]) -> list[Candidate]:
    """Its nodes that a server could get now and of which these conditions, on the columns of nodes, hold."""
    chosen = _joined(select(MINE.node_id, MINE.pool_id, _ZONE, NODE.failure_domain))
    chosen = chosen.where(MINE.reservation_id == reservation_id, _LIVE, _SUITS, *FIT, *conditions)
    return [Candidate(*row) for row in conn.execute(chosen.order_by(MINE.node_id)).tuples()]


def ready(conn: Connection, reservation_id: str, node_ids: Collection[str]) -> set[str]:
    """Those of these nodes, whose rows are locked, that the reservation has for a server."""
    chosen = _joined(select(MINE.node_id)).where(MINE.reservation_id == reservation_id, _LIVE, _SUITS, *FIT)
    return set(conn.execute(chosen.where(MINE.node_id.in_(node_ids))).scalars())


def hold(conn: Connection, reservation_id: str, chosen: Iterable[Candidate]) -> None:
    """Give it nodes. :raises DBDuplicateEntry: one is another reservation's."""
    values = [{"node_id": node.node_id, "pool_id": node.pool_id, "reservation_id": reservation_id, "fits": True} for node in chosen]
    if values:
        conn.execute(sa.insert(ReservedNode.__table__), values)


def let_go(conn: Connection, node_ids: Collection[str]) -> None:
    """Take nodes from their reservations."""
    conn.execute(sa.delete(ReservedNode.__table__).where(MINE.node_id.in_(sorted(node_ids))))


def wanted_of(conn: Connection, reservation_ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What the nodes of each reservation must have."""
    found = conn.execute(select(RESERVATION.id, RESERVATION.wanted).where(RESERVATION.id.in_(sorted(reservation_ids))))
    return dict(found.tuples().all())


def note_fit(conn: Connection, fitting: Mapping[str, bool]) -> None:
    """Note of each of these nodes, whose rows are locked, whether it fits its reservation; writes only differences."""
    for fits in (True, False):
        these = sorted(node_id for node_id, found in fitting.items() if found is fits)
        if these:
            changed = update(ReservedNode.__table__).where(MINE.node_id.in_(these), MINE.fits.is_(sa.false() if fits else sa.true()))
            conn.execute(changed.values(fits=fits))


def nodes_of(conn: Connection, reservation_id: str) -> list[str]:
    """Ids of its nodes."""
    return list(conn.execute(select(MINE.node_id).where(MINE.reservation_id == reservation_id).order_by(MINE.node_id)).scalars())


def lost(conn: Connection, reservation_id: str) -> tuple[list[str], list[str]]:
    """Its nodes that no server of it could get: those that are none of its own any more, and those that broke."""
    found = _joined(select(MINE.node_id, _NONE_OF_ITS.label("foreign"))).where(MINE.reservation_id == reservation_id, _LOST)
    marked = conn.execute(found.order_by(MINE.node_id)).all()
    return [row.node_id for row in marked if row.foreign], [row.node_id for row in marked if not row.foreign]


def to_look_at(conn: Connection) -> list[str]:
    """Ids of reservations that are over and not ended, lost a node, have too few or are noted as short."""
    over = select(RESERVATION.id).where(RESERVATION.ended_at.is_(None), RESERVATION.until <= now())
    losing = _joined(select(RESERVATION.id)).where(RESERVATION.ended_at.is_(None), _LOST)
    held = select(sa.func.count()).where(MINE.reservation_id == RESERVATION.id).scalar_subquery()
    few = select(RESERVATION.id).where(RESERVATION.ended_at.is_(None), sa.or_(held < RESERVATION.count, RESERVATION.short.is_(sa.true())))
    return sorted(set(conn.execute(sa.union(over, losing, few)).scalars()))


def servers(conn: Connection, reservation_id: str) -> int:
    """How many servers use it, in every status, until their row is gone."""
    return int(conn.execute(select(sa.func.count()).where(SERVER.reservation_id == reservation_id)).scalar_one())


def out_of(conn: Connection, pool_id: str) -> bool:
    """Whether a reservation has nodes out of the pool."""
    return conn.execute(select(MINE.node_id).where(MINE.pool_id == pool_id).limit(1)).first() is not None


def of_flavor(conn: Connection, flavor_id: str) -> bool:
    """Whether a reservation that lasts is of the flavor."""
    return conn.execute(select(RESERVATION.id).where(RESERVATION.flavor_id == flavor_id, _LIVE).limit(1)).first() is not None
