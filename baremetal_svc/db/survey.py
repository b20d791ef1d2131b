# SPDX-License-Identifier: Apache-2.0
"""Our rows as the reconciler wants them: whole tables in pages, a fixed number of queries for each page, never one per server."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim, Nic, Node, Operation, Secret, Server
from baremetal_svc.domain.observed import ClaimRow, LiveOperation, NicRow, PastOperation, ServerRow
from baremetal_svc.domain.operation import FINAL, LIVE

#: Rows of one query, and ids that one names.
PAGE, IDS = 2000, 500
OP = Operation.__table__.c
CLAIM = Claim.__table__.c
SERVER = Server.__table__.c
NIC = Nic.__table__.c
NODE = Node.__table__.c
_NAMED = ("claim_id", "node_id")


def operations(conn: Connection) -> dict[str, LiveOperation]:
    """Operations that have not ended, by id."""
    columns = [OP.id, OP.kind, OP.state, OP.target_id, OP.arguments, OP.blocked_by]
    late = [(now() - OP.deadline_at).label("overdue"), sa.case((OP.state == "running", now() - OP.lease_until)).label("abandoned")]
    found = {}
    for row in _pages(conn, select(*columns, *late).where(OP.state.in_(sorted(LIVE))), OP.id):
        names = {row.id, row.target_id, *(row.arguments[name] for name in _NAMED if row.arguments.get(name))}
        found[row.id] = LiveOperation(
            row.id, row.kind, row.state, row.target_id, frozenset(names), row.blocked_by, row.overdue, row.abandoned
        )
    return found


def claims(conn: Connection) -> dict[str, ClaimRow]:
    """All claims by id."""
    statement = select(CLAIM.id, CLAIM.node_id, CLAIM.server_id, CLAIM.state)
    return {row.id: ClaimRow(*row) for row in _pages(conn, statement, CLAIM.id)}


def servers(conn: Connection) -> dict[str, ServerRow]:
    """All servers by id."""
    statement = select(SERVER.id, SERVER.status, SERVER.node_id, SERVER.adopted, SERVER.updated_at)
    return {row.id: ServerRow(*row) for row in _pages(conn, statement, SERVER.id)}


def nics(conn: Connection, server_ids: Iterable[str]) -> dict[tuple[str, int], NicRow]:
    """NICs of all servers, of which these are the ids in the database's own order, by server and position."""
    statement = select(NIC.server_id, NIC.nic_index, NIC.port_id, NIC.requested_port_id, NIC.detaching)
    # Not sorted here: a database may collate otherwise.
    ids, found = list(server_ids), {}
    for start in range(0, len(ids), PAGE):
        first, last = ids[start], ids[min(start + PAGE, len(ids)) - 1]
        for row in conn.execute(statement.where(NIC.server_id.between(first, last))):
            nic = NicRow(row.server_id, row.nic_index, row.port_id, row.requested_port_id is not None, row.detaching)
            found[nic.server_id, nic.position] = nic
    return found


def nodes(conn: Connection) -> list[str]:
    """Ids of all nodes that have a row, in order."""
    return [row.id for row in _pages(conn, select(NODE.id), NODE.id)]


def secrets(conn: Connection) -> frozenset[str]:
    """Ids of ended operations that have secrets."""
    secret = Secret.__table__.c
    joined = select(secret.operation_id).distinct().join(Operation.__table__, OP.id == secret.operation_id)
    return frozenset(conn.execute(joined.where(OP.state.in_(sorted(FINAL)))).scalars())


def past(conn: Connection, target_ids: Iterable[str]) -> Mapping[str, tuple[PastOperation, ...]]:
    """Operations, ended and live, by target."""
    ids, found = sorted(target_ids), defaultdict(list)
    for start in range(0, len(ids), IDS):
        statement = select(OP.target_id, OP.kind, OP.state, OP.ended_at).where(OP.target_id.in_(ids[start : start + IDS]))
        for row in conn.execute(statement):
            found[row.target_id].append(PastOperation(row.kind, row.state, row.ended_at))
    return {target_id: tuple(operations) for target_id, operations in found.items()}


def at_work(conn: Connection, ids: Iterable[str]) -> bool:
    """True when an operation that has not ended has one of the ids as its target."""
    live = select(OP.id).where(OP.target_id.in_(sorted(ids)), OP.state.in_(sorted(LIVE))).limit(1)
    return conn.execute(live).first() is not None


def _pages(conn: Connection, statement: sa.Select, key: sa.Column) -> Iterator[sa.Row]:  # type: ignore[type-arg]
    last = None
    while True:
        page = conn.execute((statement if last is None else statement.where(key > last)).order_by(key).limit(PAGE)).all()
        yield from page
        if len(page) < PAGE:
            return
        last = page[-1].id
