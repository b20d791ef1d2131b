# SPDX-License-Identifier: Apache-2.0
"""Counts the nodes of a pool and keeps what it found: the last count, one for each hour, and whether too few are free.

Counting reads and locks nothing; keeping is a transaction of a few rows. Done again, it changes nothing but the time.
"""

import logging
from dataclasses import dataclass

from oslo_db.exception import DBDuplicateEntry, DBReferenceError
from sqlalchemy import Connection

from baremetal_svc.db import capacity, faults, nodes
from baremetal_svc.db.rows import Row
from baremetal_svc.db.session import Database
from baremetal_svc.domain.capacity import HOUR, Stock, is_low

LOG = logging.getLogger(__name__)
#: The fault of a pool of which too few nodes are free.
CODE = "capacity_low"


@dataclass(frozen=True, slots=True)
class Counted:
    """A pool as it was counted. :ivar crossed: whether it has just become low, or well again."""

    pool: Row
    as_of: float
    total: int
    free: int
    low: bool
    crossed: bool


def count(conn: Connection, pool_id: str, depth: int) -> tuple[Stock, float]:
    """What the nodes of a pool are doing, and the time of that. :param depth: steps of the path that make a failure domain."""
    as_of = nodes.database_time(conn)
    return Stock.of(capacity.groups(conn, pool_id, as_of), depth), as_of


def take(db: Database, pool: Row, *, depth: int, days: float) -> Counted | None:
    """Count a pool ({"id", "name", "free_below"}) and keep it; None when it is gone, or somebody has counted it since.

    :param days: how long its hours are kept. :raises Unavailable:
    """
    stock, as_of = db.query(lambda conn: count(conn, pool["id"], depth))
    try:
        return db.transact(lambda conn: _keep(conn, pool, stock, as_of, days))
    except (DBReferenceError, DBDuplicateEntry) as error:
        LOG.debug("The count of pool %s is dropped: %s", pool["id"], error)
        return None


def _keep(conn: Connection, pool: Row, stock: Stock, as_of: float, days: float) -> Counted | None:
    low = is_low(stock.free, stock.total, pool["free_below"])
    sums = {"total": stock.total, "free": stock.free}
    was_low = capacity.keep(conn, pool["id"], {**sums, "as_of": as_of, "classes": stock.classes, "domains": stock.domains, "low": low})
    if was_low is None:
        return None
    hour = int(as_of // HOUR)
    if capacity.keep_hour(conn, pool["id"], hour, {**sums, "states": stock.states}):
        capacity.forget_hours(conn, pool["id"], hour - int(days * 24))
    counted = Counted(pool, as_of, stock.total, stock.free, low, low != was_low)
    if counted.crossed:
        _file(conn, counted)
    return counted


def _file(conn: Connection, counted: Counted) -> None:
    """The fault stands as long as the pool is low."""
    pool_id = counted.pool["id"]
    if not counted.low:
        faults.clear(conn, pool_id)
        return
    message = f"{counted.free} of {counted.total} nodes of the pool {counted.pool['name']} are free, below {counted.pool['free_below']}."
    faults.insert(conn, [{"target_kind": "pool", "target_id": pool_id, "code": CODE, "message": message}], cleared=False)
