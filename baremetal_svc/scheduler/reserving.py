# SPDX-License-Identifier: Apache-2.0
"""Binds nodes to reservations, replaces those that are lost, and gives them back. Each function is part of one transaction."""

import logging
from collections.abc import Sequence

from sqlalchemy import Connection

from baremetal_svc.db import faults, nodes, reservations
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.reservation import SHORT, shortage
from baremetal_svc.domain.setup import Setup
from baremetal_svc.scheduler import offers
from baremetal_svc.scheduler.claim import Request, Search, take

LOG = logging.getLogger(__name__)


def request_of(reservation: Row) -> Request:
    """What its nodes have to be, by what its flavor said when it was made."""
    wanted = reservation["wanted"]
    return Request(wanted["pool_ids"], reservation["resource_class"], wanted["tags"], setup=Setup.of(wanted["setup"]))


def bind(conn: Connection, reservation: Row, count: int, *, least: int, skips_locked: bool) -> int:
    """Take so many nodes off the offers for a reservation, or at least ``least``; how many, 0 where there are not enough."""
    found = take(conn, Search(conn, request_of(reservation)), count, least=least, skips_locked=skips_locked)
    reservations.hold(conn, reservation["id"], found)
    return len(found)


def release(conn: Connection, reservation_id: str) -> None:
    """End a reservation that has not ended: its free nodes are on offer again, those in use once their servers have let them go."""
    row = reservations.get(conn, reservation_id, lock=True)
    if row is None or row["ended_at"] is not None:
        return
    _give_back(conn, reservations.nodes_of(conn, reservation_id))
    reservations.end(conn, reservation_id)
    faults.clear(conn, reservation_id)


def keep(conn: Connection, reservation_id: str, *, skips_locked: bool) -> None:
    """End a reservation that is over; give one that lasts other nodes for those that it lost, as far as there are any; too few are a fault.

    What broke stays with it until there is another one: it may be mended. What was retagged goes at once.
    No quota is asked: it was promised.
    """
    row = reservations.get(conn, reservation_id, lock=True)
    if row is None or row["ended_at"] is not None:
        return
    if not row["live"]:
        release(conn, reservation_id)
        return
    # Locked before the look: a claim of the same moment has its node already, or finds it given back.
    nodes.lock(conn, reservations.nodes_of(conn, reservation_id))
    foreign, broken = reservations.lost(conn, reservation_id)
    _give_back(conn, foreign)
    held = len(reservations.nodes_of(conn, reservation_id))
    missing = row["count"] - (held - len(broken))
    if missing > 0:
        found = bind(conn, row, missing, least=1, skips_locked=skips_locked)
        missing -= found
        _give_back(conn, broken[: max(0, held + found - row["count"])])
    if (missing > 0) != row["short"]:
        _file(conn, row, missing)


def _give_back(conn: Connection, node_ids: Sequence[str]) -> None:
    for start in range(0, len(node_ids), nodes.CHUNK):
        some = node_ids[start : start + nodes.CHUNK]
        # Locked before they are let go: a claim of the same moment sees them as they were, or as they are offered then.
        nodes.lock(conn, some)
        reservations.let_go(conn, some)
        offers.recompute(conn, some)


def _file(conn: Connection, row: Row, missing: int) -> None:
    """The fault stands as long as the reservation is short; the log has its beginning and its end."""
    reservations.set_columns(conn, row["id"], short=missing > 0)
    if missing <= 0:
        faults.clear(conn, row["id"])
        LOG.info("Reservation %s has all of its machines again", row["id"])
        return
    LOG.warning("Reservation %s lacks %d machines, and no others are free", row["id"], missing)
    found = {"target_kind": "reservation", "target_id": row["id"], "code": SHORT, "message": shortage(row["name"], row["count"], missing)}
    faults.insert(conn, [found], cleared=False)
