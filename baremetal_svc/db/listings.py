# SPDX-License-Identifier: Apache-2.0
"""Listings of Ironic, as named leases beside the duties: those under way, and the last that came to its end.

While a listing is alone, nodes that it shows unchanged need no write. While an older one may still write what is out of date by now,
the younger one notes on each node that it has seen it, and the older one leaves those alone.
"""

import uuid
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Duty

DUTY = Duty.__table__.c
#: Seconds after which a listing under way is taken for dead; should it live, it finds itself deleted and writes no more.
LEASE = 600.0
_UNDER_WAY, _ENDED = "listing:", "listed:"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A listing: it began at that time by the database's clock."""

    id: str
    begun: float

    @property
    def name(self) -> str:
        """Of its lease while it is under way."""
        return f"{_UNDER_WAY}{self.id}"


def begin(conn: Connection) -> Ticket:
    """Register a listing before Ironic is asked; those whose lease has run out are forgotten."""
    over = (DUTY.name.startswith(_UNDER_WAY), DUTY.lease_until < now())
    # Looked for first: a delete would queue up behind the rows of those that live.
    if dead := list(conn.execute(select(DUTY.name).where(*over)).scalars()):
        conn.execute(sa.delete(Duty.__table__).where(DUTY.name.in_(dead), *over))
    ticket = Ticket(str(uuid.uuid4()), float(conn.execute(select(now())).scalar_one()))
    # Without an owner: what a conductor gives back when it stops are its duties.
    conn.execute(sa.insert(Duty.__table__).values(name=ticket.name, owner=None, generation=1, lease_until=ticket.begun + LEASE))
    return ticket


def alive(conn: Connection, ticket: Ticket) -> bool:
    """Whether it was not taken for dead; until the end of the transaction it is not."""
    return conn.execute(select(DUTY.name).where(DUTY.name == ticket.name).with_for_update(read=True)).first() is not None


def is_alone(conn: Connection, ticket: Ticket) -> bool:
    """Whether no older listing is under way."""
    older = (DUTY.name.startswith(_UNDER_WAY), DUTY.lease_until <= ticket.begun + LEASE, DUTY.name != ticket.name)
    return conn.execute(select(DUTY.name).where(*older).limit(1)).first() is None


def end(conn: Connection, ticket: Ticket) -> None:
    """Note that it showed everything; of older ones that ended nothing is kept."""
    conn.execute(sa.update(Duty.__table__).where(DUTY.name == ticket.name).values(name=f"{_ENDED}{ticket.id}"))
    conn.execute(sa.delete(Duty.__table__).where(DUTY.name.startswith(_ENDED), DUTY.lease_until < ticket.begun + LEASE))


def give_up(conn: Connection, ticket: Ticket) -> None:
    """Forget one that broke off."""
    conn.execute(sa.delete(Duty.__table__).where(DUTY.name == ticket.name))


def last(conn: Connection) -> float | None:
    """When the youngest listing that came to its end began, in seconds since the epoch."""
    until = conn.execute(select(sa.func.max(DUTY.lease_until)).where(DUTY.name.startswith(_ENDED))).scalar_one()
    return None if until is None else until - LEASE
