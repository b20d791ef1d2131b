# SPDX-License-Identifier: Apache-2.0
"""Nodes as last observed, and the facts that pools and offers are computed from."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Node, NodeTag, Operation

NODE = Node.__table__.c
CHUNK = 500
_THESE = NODE.id.in_(sa.bindparam("ids", expanding=True))
_IN_ORDER = select(NODE.id).where(_THESE).order_by(NODE.id)
_WAIT, _SKIP = _IN_ORDER.with_for_update(), _IN_ORDER.with_for_update(skip_locked=True)
#: The fields of NodeFacts that stand in the node's own row.
FACTS = (
    "id", "resource_class", "provision_state", "maintenance", "instance_id", "retired", "protected", "gone", "hold_until", "failure_domain",
    "properties", "traits", "owner", "lessee", "conductor_group", "shard", "fault", "ports",
)  # fmt: skip
_FACTS = select(*(NODE[name] for name in FACTS)).where(_THESE).order_by(NODE.id)
_FACTS_LOCKED = _FACTS.with_for_update()


def database_time(conn: Connection) -> float:
    """Seconds since the epoch by the database's clock."""
    return float(conn.execute(select(now())).scalar_one())


def get(conn: Connection, node_id: str) -> rows.Row | None:
    """One node."""
    return rows.one(conn, select(Node.__table__).where(NODE.id == node_id))


def named(conn: Connection, name: str) -> rows.Row | None:
    """The node of that name, or with that id where it has none."""
    return rows.one(conn, select(Node.__table__).where(sa.or_(NODE.name == name, NODE.id == name), NODE.gone.is_(sa.false())))


def page(conn: Connection, *, limit: int, marker: str | None) -> list[rows.Row]:
    """Nodes by id."""
    statement = select(Node.__table__).order_by(NODE.id).limit(limit)
    return rows.all_of(conn, statement if marker is None else statement.where(NODE.id > marker))


def ids_after(conn: Connection, node_id: str, limit: int) -> list[str]:
    """Ids of the nodes that follow the id, in order."""
    return list(conn.execute(select(NODE.id).where(NODE.id > node_id).order_by(NODE.id).limit(limit)).scalars())


def names(conn: Connection) -> list[str]:
    """Names of all nodes that Ironic lists, in order."""
    name = sa.func.coalesce(NODE.name, NODE.id)
    return list(conn.execute(select(name).where(NODE.gone.is_(sa.false())).order_by(name)).scalars())


def called(conn: Connection, node_ids: Sequence[str]) -> dict[str, str]:
    """Names by id, the id where there is none."""
    return dict(conn.execute(select(NODE.id, sa.func.coalesce(NODE.name, NODE.id)).where(NODE.id.in_(node_ids))).tuples().all())


def observed(conn: Connection, node_ids: Sequence[str]) -> dict[str, rows.Row]:
    """The rows of those nodes that are known, by id."""
    return {row["id"]: row for row in rows.all_of(conn, select(Node.__table__).where(NODE.id.in_(node_ids)))}


def insert(conn: Connection, values: Sequence[Mapping[str, Any]]) -> None:
    """Insert nodes that Ironic listed for the first time."""
    conn.execute(sa.insert(Node.__table__).values(created_at=now()), list(values))


def set_columns(conn: Connection, node_id: str, **values: Any) -> None:
    """Change columns of a node."""
    conn.execute(update(Node.__table__).where(NODE.id == node_id).values(updated_at=now(), **values))


def set_observed(conn: Connection, node_id: str, **values: Any) -> None:
    """Change columns to what a listing shows; the failure domain that an operator has set by now stays."""
    path = sa.func.coalesce(NODE.failure_domain_set, values["failure_domain"])
    set_columns(conn, node_id, **{**values, "failure_domain": path})


def note_release(conn: Connection, node_id: str, quarantine: float) -> None:
    """Note that a claim on the node ended now; it stays off for so many seconds more."""
    worn = {"claims_ended": NODE.claims_ended + 1, "released_at": now(), "hold_until": now() + quarantine}
    conn.execute(update(Node.__table__).where(NODE.id == node_id).values(updated_at=now(), **worn))


def mark_observed(conn: Connection, node_ids: Sequence[str], observed_at: float) -> None:
    """Note that a listing begun at that time showed the nodes."""
    if node_ids:
        conn.execute(update(Node.__table__).where(NODE.id.in_(node_ids)).values(observed_at=observed_at))


def waited_for(conn: Connection, node_ids: Sequence[str]) -> set[str]:
    """Those of the nodes that operations wait for: they have to be told that a listing showed the node, changed or not."""
    op = Operation.__table__.c
    return set(conn.execute(select(op.wait_node).where(op.wait_node.in_(node_ids), op.state == "waiting")).scalars())


def known_before(conn: Connection, observed_at: float) -> list[str]:
    """Ids of nodes that are not known to be gone, but for those that a listing begun since then has noted."""
    return list(conn.execute(select(NODE.id).where(NODE.observed_at < observed_at, NODE.gone.is_(sa.false()))).scalars())


def out_of_quarantine(conn: Connection, limit: int = CHUNK) -> list[str]:
    """Ids of free nodes whose quarantine is over but is still noted."""
    statement = select(NODE.id).where(NODE.hold_until > 0, NODE.hold_until <= now())
    return list(conn.execute(statement.limit(limit)).scalars())


def wake_waiting(conn: Connection) -> list[str]:
    """Make due the operations whose node has come to rest, or is gone, in a listing begun after their wait did; their ids."""
    op = Operation.__table__.c
    torn_down = sa.and_(op.wait_for == "torn_down", NODE.instance_id.is_(None))
    ready = sa.or_(NODE.settled.is_(sa.true()), NODE.gone.is_(sa.true()), torn_down)
    at_rest = sa.and_(ready, NODE.observed_at > sa.func.coalesce(op.wait_since, 0))
    waiting = select(op.id).join(Node.__table__, NODE.id == op.wait_node).where(op.state == "waiting", op.wake_at > now(), at_rest)
    ids = list(conn.execute(waiting).scalars())
    if ids:
        conn.execute(update(Operation).where(op.id.in_(ids), op.state == "waiting").values(wake_at=now()))
    return ids


def known(conn: Connection, node_ids: Collection[str], *, lock: bool = False) -> list[rows.Row]:
    """What the nodes' own rows say for their pools and offers, see db.standing.

    :param lock: lock the rows as ``lock`` does.
    """
    return rows.all_of(conn, _FACTS_LOCKED if lock else _FACTS, ids=list(node_ids))


def lock(conn: Connection, node_ids: Collection[str], *, skip_locked: bool = False) -> list[str]:
    """Lock the rows of nodes in order until this transaction ends, so that whoever changes what depends on them queues up; their ids.

    :param skip_locked: leave out what another transaction has locked, instead of waiting for it.
    """
    return list(conn.execute(_SKIP if skip_locked else _WAIT, {"ids": list(node_ids)}).scalars())


def tagged(conn: Connection, tag: str) -> list[str]:
    """Ids of the nodes with a tag."""
    return list(conn.execute(select(NodeTag.node_id).where(NodeTag.tag == tag)).scalars())
