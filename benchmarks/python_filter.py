# SPDX-License-Identifier: Apache-2.0
"""The baseline of ``claim``: what Mogan and Nova do, one bulk SELECT of the needed columns, filtered in Python. It is not changed to suit.

It is given every advantage: one table with just these columns and each node's tags in one of them, no join, no objects, a plain loop over
tuples; and it takes the node with one UPDATE that nobody competes for.
"""

import random
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import Connection

from baremetal_svc.db.session import Database
from baremetal_svc.domain.pool import Expression

TABLE = sa.Table(
    "bench_python_filter",
    sa.MetaData(),
    sa.Column("id", sa.String(36), primary_key=True),
    sa.Column("resource_class", sa.String(255)),
    sa.Column("provision_state", sa.String(255)),
    sa.Column("maintenance", sa.Boolean),
    sa.Column("retired", sa.Boolean),
    sa.Column("instance_id", sa.String(36)),
    sa.Column("server_id", sa.String(36)),
    sa.Column("tags", sa.Text),
)
_ALL = sa.select(TABLE)


def prepare(db: Database) -> None:
    """Fill the table from the nodes and tags of a fleet."""
    with db.write() as conn:
        TABLE.drop(conn, checkfirst=True)
        TABLE.create(conn)
        together = "string_agg(t.tag, ',')" if db.engine.dialect.name == "postgresql" else "group_concat(t.tag)"
        conn.exec_driver_sql(
            f"INSERT INTO {TABLE.name} SELECT n.id, n.resource_class, n.provision_state, n.maintenance, n.retired, n.instance_id, NULL, "
            f"(SELECT {together} FROM node_tags t WHERE t.node_id = n.id) FROM nodes n"
        )


def claim(conn: Connection, expression: Expression, resource_class: str, server_id: str, dice: random.Random) -> str:
    """Take a node of the pool at random; its id. :raises LookupError: none fits."""
    fitting = list(_fitting(conn.execute(_ALL).all(), expression, resource_class))
    if not fitting:
        raise LookupError("no node fits")
    node_id = dice.choice(fitting)
    conn.execute(sa.update(TABLE).where(TABLE.c.id == node_id, TABLE.c.server_id.is_(None)).values(server_id=server_id))
    return node_id


def _fitting(rows: Iterable[sa.Row[tuple[object, ...]]], expression: Expression, resource_class: str) -> Iterable[str]:
    every, some, none = expression.all, expression.any, expression.none
    for node_id, its_class, state, maintenance, retired, instance_id, server_id, tags in rows:
        if its_class != resource_class or state != "available" or maintenance or retired or instance_id or server_id:
            continue
        mine = set(str(tags).split(","))
        if every <= mine and (not some or not some.isdisjoint(mine)) and none.isdisjoint(mine):
            yield str(node_id)
