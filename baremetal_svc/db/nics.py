# SPDX-License-Identifier: Apache-2.0
"""NICs of servers: what was asked for, the port that serves it, and the addresses by which a server is found."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import documents, rows
from baremetal_svc.db.engines import document
from baremetal_svc.db.models import Address, Nic, Server

NIC = Nic.__table__.c
ADDRESS = Address.__table__.c
_INSERT = sa.insert(Nic.__table__)
_OF_SERVER = select(Nic.__table__).where(NIC.server_id == sa.bindparam("server_id")).order_by(NIC.nic_index)


def insert(conn: Connection, server_id: str, index: int, **wanted: str) -> None:
    """Note what was asked for: {"network_id"} or {"requested_port_id"}."""
    conn.execute(_INSERT, {"server_id": server_id, "nic_index": index, "fixed_ips": [], "detaching": False, **wanted})


def addresses(server_id: sa.ColumnElement[str]) -> sa.ScalarSelect[Any]:
    """Where the NICs of a server are reached, as a column: a list, in any order, of those that ``reached`` reads; None for no NIC."""
    # As text: SQLite and PostgreSQL would give it in different forms.
    nic = documents.array(NIC.nic_index, NIC.network_id, sa.cast(NIC.fixed_ips, sa.Text), NIC.floating_ip)
    return select(documents.array_of_all(nic)).where(NIC.server_id == server_id).scalar_subquery()


def reached(found: Sequence[list[Any]] | None) -> list[tuple[str, list[dict[str, Any]], str | None]]:
    """What ``addresses`` found: (network_id, fixed_ips, floating_ip) of each NIC, in order."""
    return [(network_id, document(fixed_ips), floating_ip) for _, network_id, fixed_ips, floating_ip in sorted(found or ())]


def of_server(conn: Connection, server_id: str) -> list[rows.Row]:
    """The NICs of one server, in order."""
    return rows.all_of(conn, _OF_SERVER, server_id=server_id)


def is_promised(conn: Connection, port_id: str) -> bool:
    """True when a server is being connected to this port, which Neutron may not know yet; one that failed has given it back."""
    server = Server.__table__.c
    asked = sa.exists().where(NIC.requested_port_id == port_id, NIC.port_id.is_(None), server.id == NIC.server_id, server.status != "error")
    return bool(conn.execute(select(asked)).scalar_one())


def set_columns(conn: Connection, server_id: str, index: int, **values: Any) -> None:
    """Change columns of one NIC; its addresses with ``fixed_ips``."""
    conn.execute(update(Nic.__table__).where(*_one(NIC, server_id, index)).values(**values))
    if "fixed_ips" in values:
        conn.execute(sa.delete(Address.__table__).where(*_one(ADDRESS, server_id, index)))
        addresses = {address["ip_address"] for address in values["fixed_ips"]}
        if addresses:
            known = [{"address": address, "server_id": server_id, "nic_index": index} for address in sorted(addresses)]
            conn.execute(sa.insert(Address.__table__), known)


def forget(conn: Connection, server_id: str, index: int) -> None:
    """Delete one NIC and its addresses."""
    for table, columns in ((Address.__table__, ADDRESS), (Nic.__table__, NIC)):
        conn.execute(sa.delete(table).where(*_one(columns, server_id, index)))


def _one(columns: Any, server_id: str, index: int) -> tuple[Any, Any]:
    return columns.server_id == server_id, columns.nic_index == index
