# SPDX-License-Identifier: Apache-2.0
"""Servers and their NICs."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import nics as db_nics
from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Flavor, Node, Server

SERVER = Server.__table__.c
SORT_KEYS = {"id": SERVER.id, "uuid": SERVER.id, "name": SERVER.name, "created_at": SERVER.created_at, "status": SERVER.status}


def insert(conn: Connection, values: Mapping[str, Any], nics: Sequence[Mapping[str, Any]]) -> None:
    """Insert a server (keys are column names; metadata as "metadata") and its NICs ({"network_id"} or {"requested_port_id"})."""
    conn.execute(sa.insert(Server.__table__).values(created_at=now(), **values))
    for index, nic in enumerate(nics):
        db_nics.insert(conn, values["id"], index, **nic)


def get(conn: Connection, server_id: str, project_id: str | None = None, *, lock: bool = False) -> rows.Row | None:
    """One server, of the given project only unless it is None."""
    statement = _with_node().where(SERVER.id == server_id)
    if project_id is not None:
        statement = statement.where(SERVER.project_id == project_id)
    return rows.one(conn, statement.with_for_update(of=Server.__table__) if lock else statement)


def page(
    conn: Connection, filters: Mapping[str, Any], *, sort_key: str, descending: bool, limit: int, marker: rows.Row | None
) -> list[rows.Row]:
    """Servers by equality filters on columns (project_id, status, flavor_id, image_id) and substring of name."""
    statement = _with_node().limit(limit)
    for name, value in filters.items():
        statement = statement.where(SERVER.name.contains(value, autoescape=True) if name == "name" else SERVER[name] == value)
    column = SORT_KEYS[sort_key]
    if marker is not None:
        here = sa.tuple_(column, SERVER.id)
        there = sa.tuple_(sa.literal(marker[column.name]), sa.literal(marker["id"]))
        statement = statement.where(here < there if descending else here > there)
    order = [column.desc(), SERVER.id.desc()] if descending else [column, SERVER.id]
    return rows.all_of(conn, statement.order_by(*order))


def set_columns(conn: Connection, server_id: str, **values: Any) -> bool:
    """Change columns of a server; False when it is gone."""
    return conn.execute(update(Server.__table__).where(SERVER.id == server_id).values(updated_at=now(), **values)).rowcount == 1


def forget(conn: Connection, server_id: str) -> None:
    """Delete the server and what belongs to it alone (ON DELETE CASCADE)."""
    conn.execute(sa.delete(Server.__table__).where(SERVER.id == server_id))


def _with_node() -> sa.Select[Any]:
    nodes, flavors = Node.__table__, Flavor.__table__
    columns = select(Server.__table__, nodes.c.name.label("node_name"), flavors.c.name.label("flavor_name"))
    return columns.outerjoin(nodes, nodes.c.id == SERVER.node_id).join(flavors, flavors.c.id == SERVER.flavor_id)
