# SPDX-License-Identifier: Apache-2.0
"""Duties that one process does for all: named leases by the database's clock."""

import sqlalchemy as sa
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection, select, update

from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Duty

DUTY = Duty.__table__.c


def take(conn: Connection, name: str, owner: str, lease: float) -> bool:
    """Take or renew the duty for the given seconds; False while another holds it."""
    free = sa.or_(DUTY.owner == owner, DUTY.lease_until < now())
    renewed = update(Duty.__table__).where(DUTY.name == name, free)
    if conn.execute(renewed.values(owner=owner, lease_until=now() + lease, generation=DUTY.generation + 1)).rowcount == 1:
        return True
    if conn.execute(select(DUTY.name).where(DUTY.name == name)).first() is not None:
        return False
    try:
        with conn.begin_nested():
            conn.execute(sa.insert(Duty.__table__).values(name=name, owner=owner, generation=1, lease_until=now() + lease))
    except DBDuplicateEntry:
        return False
    return True


def release(conn: Connection, owner: str) -> None:
    """Give back every duty of an owner that stops."""
    conn.execute(update(Duty.__table__).where(DUTY.owner == owner).values(owner=None, lease_until=0))
