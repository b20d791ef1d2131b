# SPDX-License-Identifier: Apache-2.0
"""Counts of pools: grouped by what decides a node's state, kept as the last count and hour by hour, and what is on offer right now."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.candidates import Wanted
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim, Fault, Node, Offer, Pool, PoolCapacity, PoolCapacityHour, PoolMember, ReservedNode
from baremetal_svc.domain.capacity import Group, Stock, state_of
from baremetal_svc.domain.node import NodeFacts

NODE, CLAIM, FAULT, OFFER = Node.__table__.c, Claim.__table__.c, Fault.__table__.c, Offer.__table__.c
LAST, HOUR, POOL = PoolCapacity.__table__.c, PoolCapacityHour.__table__.c, Pool.__table__.c
MEMBER = PoolMember.__table__.c


def _flag(condition: Any, name: str) -> Any:
    return sa.case((condition, 1), else_=0).label(name)


# Columns first, groups then: PostgreSQL takes no two expressions with values bound in them for the same one.
_ALIKE = (
    select(
        NODE.resource_class,
        NODE.failure_domain,
        NODE.provision_state,
        NODE.maintenance,
        NODE.retired,
        NODE.gone,
        CLAIM.state.label("claim"),
        _flag(NODE.instance_id.is_not(None), "used"),
        _flag(NODE.fault.is_not(None), "broken"),
        _flag(sa.exists().where(ReservedNode.node_id == NODE.id), "reserved"),
        _flag(NODE.hold_until > sa.bindparam("time"), "held_off"),
        _flag(sa.exists().where(FAULT.target_id == NODE.id, FAULT.cleared_at.is_(None)), "faulty"),
    )
    .select_from(PoolMember.__table__)
    .join(Node.__table__, NODE.id == MEMBER.node_id)
    .outerjoin(Claim.__table__, CLAIM.held_node == NODE.id)
    .where(MEMBER.pool_id == sa.bindparam("pool"))
    .subquery()
)
_GROUPS = select(*_ALIKE.c, sa.func.count().label("nodes")).group_by(*_ALIKE.c)


def groups(conn: Connection, pool_id: str, time: float) -> Iterator[Group]:
    """Every member of a pool at that time, in one statement, so that each is counted once; for background work and small pools."""
    for row in conn.execute(_GROUPS, {"pool": pool_id, "time": time}):
        node = NodeFacts(
            id="",
            resource_class=row.resource_class,
            provision_state=row.provision_state,
            maintenance=row.maintenance,
            instance_id="" if row.used else None,
            retired=row.retired,
            held=row.claim is not None,
            reservation_id="" if row.reserved else None,
            faulty=bool(row.faulty),
            gone=row.gone,
            hold_until=float(row.held_off),
            fault="" if row.broken else None,
        )
        # A quarantine that is over was noted as 0, one that lasts as 1: the present is between them.
        yield Group(row.resource_class or "", row.failure_domain, state_of(node, row.claim, 0.5), row.nodes)


def on_offer(conn: Connection, pool_id: str) -> dict[str, int]:
    """Nodes that can be claimed now, by resource class: a range of the offers' own order."""
    statement = select(OFFER.resource_class, sa.func.count()).where(OFFER.pool_id == pool_id).group_by(OFFER.resource_class)
    return dict(conn.execute(statement).tuples().all())


def at_most(conn: Connection, wanted: Sequence[Wanted], most: int) -> list[int]:
    """For each of them how many such nodes can be claimed now, counted up to ``most``; one statement."""
    parts = []
    for number, one in enumerate(wanted):
        these = select(OFFER.node_id).where(OFFER.pool_id == one.pool_id, *one.written_out)
        parts.append(select(sa.literal(number).label("number"), sa.func.count()).select_from(these.limit(most).subquery()))
    if not parts:
        return []
    found = dict(conn.execute(sa.union_all(*parts)).tuples().all())
    return [found[number] for number in range(len(wanted))]


def last(conn: Connection, pool_id: str) -> rows.Row | None:
    """The last count of a pool."""
    return rows.one(conn, select(PoolCapacity.__table__).where(LAST.pool_id == pool_id))


def due(conn: Connection, age: float) -> list[rows.Row]:
    """Pools that were not counted within so many seconds, those never counted first: {"id", "name", "free_below"}."""
    columns = select(POOL.id, POOL.name, POOL.free_below).outerjoin(PoolCapacity.__table__, LAST.pool_id == POOL.id)
    old = sa.or_(LAST.as_of.is_(None), LAST.as_of <= now() - age)
    return rows.all_of(conn, columns.where(old).order_by(sa.func.coalesce(LAST.as_of, 0), POOL.id))


def keep(conn: Connection, pool_id: str, values: Mapping[str, Any]) -> bool | None:
    """Keep a count unless a younger one is kept; whether too few were free by the one before, None when this one is not kept.

    :raises DBReferenceError: the pool is gone. :raises DBDuplicateEntry: another one was first to count it.
    """
    known = rows.one(conn, select(LAST.as_of, LAST.low).where(LAST.pool_id == pool_id).with_for_update())
    if known is None:
        conn.execute(sa.insert(PoolCapacity.__table__).values(pool_id=pool_id, **values))
        return False
    if known["as_of"] >= values["as_of"]:
        return None
    conn.execute(sa.update(PoolCapacity.__table__).where(LAST.pool_id == pool_id).values(**values))
    return bool(known["low"])


def keep_hour(conn: Connection, pool_id: str, hour: int, values: Mapping[str, Any]) -> bool:
    """Keep the first count of an hour; False when there is one."""
    these = (HOUR.pool_id == pool_id, HOUR.hour == hour)
    if conn.execute(select(HOUR.hour).where(*these)).first() is not None:
        return False
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(PoolCapacityHour.__table__).values(pool_id=pool_id, hour=hour, **values))
    except DBDuplicateEntry:
        return False
    return True


def forget_hours(conn: Connection, pool_id: str, before: int) -> None:
    """Delete the hours of a pool before that one."""
    conn.execute(sa.delete(PoolCapacityHour.__table__).where(HOUR.pool_id == pool_id, HOUR.hour < before))


def hours(conn: Connection, pool_id: str, since: int, until: int, limit: int) -> list[rows.Row]:
    """Counts of the hours since <= hour < until, newest first."""
    these = (HOUR.pool_id == pool_id, HOUR.hour >= since, HOUR.hour < until)
    return rows.all_of(conn, select(PoolCapacityHour.__table__).where(*these).order_by(HOUR.hour.desc()).limit(limit))


def free_by_hour(conn: Connection, pool_id: str, since: int) -> Sequence[tuple[int, int]]:
    """(hour, free nodes) from that hour on."""
    return conn.execute(select(HOUR.hour, HOUR.free).where(HOUR.pool_id == pool_id, HOUR.hour >= since)).tuples().all()


def by_name(conn: Connection) -> list[rows.Row]:
    """The last count of every pool: {"name", "as_of", "low", "states"}."""
    joined = select(POOL.name, LAST.as_of, LAST.low, LAST.classes).join(Pool.__table__, POOL.id == LAST.pool_id)
    found = conn.execute(joined).all()
    return [{"name": row.name, "as_of": row.as_of, "low": row.low, "states": Stock(row.classes).states} for row in found]
