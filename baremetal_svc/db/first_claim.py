# SPDX-License-Identifier: Apache-2.0
"""What most claims are: the first node of a window that nobody else has locked, found, locked, taken off offer and held at once.

Most of the time of a claim goes by between statements, so that each database does it in as few as it can. All of them look at the offers of
the node, or at who holds it, in a statement that begins after its lock: only such a one sees what the last holder of the lock has done.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.db import candidates, claims
from baremetal_svc.db.candidates import Form, Wanted
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim, Offer

CLAIM = Claim.__table__.c
_BOUND = ("id", "server_id", "project_id", "generation")
_OFFERED = sa.delete(Offer.__table__).where(Offer.node_id == sa.bindparam("node_id"))


def take(conn: Connection, wanted: Wanted, start: int, claim: Mapping[str, Any]) -> bool:
    """Claim a node; False where none of the first ones could be had, which need not mean that there is none.

    :param start: where in the order of the offers to begin. :param claim: as for ``claims.insert``, without "node_id" and "pool_id".
    :raises DBDuplicateEntry: the server holds a node.
    """
    taken = {"postgresql": _at_once, "mysql": _held_first}.get(conn.dialect.name, _step_by_step)
    return taken(conn, wanted, start, claim)


def _step_by_step(conn: Connection, wanted: Wanted, start: int, claim: Mapping[str, Any]) -> bool:
    for node in candidates.pick(conn, wanted, start, 1, size=candidates.SMALLEST):
        if candidates.withdraw(conn, [node.node_id]):
            claims.insert(conn, [{**claim, "node_id": node.node_id, "pool_id": wanted.pool_id}])
            return True
    return False


def _at_once(conn: Connection, wanted: Wanted, start: int, claim: Mapping[str, Any]) -> bool:
    """One statement; take_off_offer (migration 0020) sees what is there when it is called, not what was there when the statement began."""
    return conn.execute(_taking(wanted.form, checked=True), {**wanted.values, "begin": start, **claim}).rowcount > 0


def _held_first(conn: Connection, wanted: Wanted, start: int, claim: Mapping[str, Any]) -> bool:
    """Two: a node that is held, or that is not on offer any more, is found out when it is too late, and let go again."""
    try:
        taken = conn.execute(_taking(wanted.form, checked=False), {**wanted.values, "begin": start, **claim}).scalar()
    except DBDuplicateEntry:
        # Somebody held it between the look and the lock, or the server has one, which the next try says again.
        return False
    if taken is not None and not conn.execute(_OFFERED, {"node_id": taken}).rowcount:
        claims.forget(conn, claim["id"])
        return False
    return taken is not None


@lru_cache(64)
def _taking(form: Form, *, checked: bool) -> sa.Insert:
    """Pick a node and hold it; "checked" where it is on offer and nobody holds it."""
    picked = candidates.picking(form, candidates.SMALLEST, 1)
    found: Any = picked.selected_columns.id
    if checked:
        # A CTE with a lock is done before what reads it.
        found = picked.cte("picked").c.id
    row: dict[str, Any] = {name: sa.bindparam(name, type_=CLAIM[name].type) for name in _BOUND}
    row |= {
        "state": sa.literal_column("'live'"),
        "live_server": row["server_id"],
        "pool_id": sa.bindparam("pool", type_=CLAIM.pool_id.type),
    }
    row |= {"node_id": found, "held_node": found, "created_at": now()}
    if checked:
        chosen = sa.select(*row.values()).where(sa.func.take_off_offer(found, type_=sa.Boolean))
        return sa.insert(Claim.__table__).from_select(list(row), chosen).execution_options(preserve_rowcount=True)
    return sa.insert(Claim.__table__).from_select(list(row), picked.with_only_columns(*row.values())).returning(CLAIM.node_id)
