# SPDX-License-Identifier: Apache-2.0
"""Online data migrations: rows brought into a new form while the service runs, a few at a time, after its schema and its code are new."""

from collections.abc import Callable, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from baremetal_svc.db import node_facts, nodes, standing
from baremetal_svc.db.models import Node, NodeFact
from baremetal_svc.db.session import Database
from baremetal_svc.domain import facts

#: Changes at most so many rows in the given transaction; how many it changed: fewer than asked for means that no more are left.
Migration = Callable[[Connection, int], int]
CHUNK = 200


def fill_node_facts(conn: Connection, most: int) -> int:
    """The facts of nodes that no listing has changed since they are known: a flavor's traits, and network cards, are looked for there."""
    none = ~sa.exists().where(NodeFact.node_id == Node.id)
    # Since migration 0019. Each has some facts: whether it is retired, its health; and the number of its ports, where they are known.
    uncounted = ~sa.exists().where(NodeFact.node_id == Node.id, NodeFact.term.startswith("nics:"))
    missing = sa.or_(none, sa.and_(uncounted, sa.cast(Node.__table__.c.ports, sa.Text).not_in(("[]", "null"))))
    found = list(conn.execute(sa.select(Node.__table__.c.id).where(missing).limit(most)).scalars())
    seen = standing.of(conn, nodes.known(conn, found, lock=True))
    node_facts.keep(conn, {node_id: facts.facts(node) for node_id, node in seen.facts.items()})
    return len(found)


#: In the order in which they run. One stays for a release, and goes when every upgrade has come past it.
MIGRATIONS: Sequence[Migration] = (fill_node_facts,)


def migrate(db: Database, most: int | None, migrations: Sequence[Migration]) -> tuple[dict[str, int], bool]:
    """Run them in order until nothing is left or so many rows are changed; rows by name of the migration, and whether all is done.

    :raises Unavailable: the database is away; chunks that were done stay done.
    """
    changed: dict[str, int] = {}
    left = most
    for migration in migrations:
        name = migration.__name__
        changed[name] = 0
        while left is None or left > 0:
            size = CHUNK if left is None else min(CHUNK, left)
            done = db.transact(lambda conn, run=migration, size=size: run(conn, size))  # type: ignore[misc]
            changed[name] += done
            left = None if left is None else left - done
            if done < size:
                break
        else:
            return changed, False
    return changed, True
