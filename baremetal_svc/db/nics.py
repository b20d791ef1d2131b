# SPDX-License-Identifier: Apache-2.0
"""NICs of servers: what was asked for, the port that serves it, and the addresses by which a server is found."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.models import Address, Nic, Server

NIC = Nic.__table__.c
ADDRESS = Address.__table__.c
_OF_SERVERS = NIC.server_id.in_(sa.bindparam("ids", expanding=True))
_ALL = select(Nic.__table__).where(_OF_SERVERS).order_by(NIC.nic_index)
_ADDRESSES = select(NIC.server_id, NIC.network_id, NIC.fixed_ips, NIC.floating_ip).where(_OF_SERVERS).order_by(NIC.nic_index)


def insert(conn: Connection, server_id: str, index: int, **wanted: str) -> None:
    """Note what was asked for: {"network_id"} or {"requested_port_id"}."""
    conn.execute(sa.insert(Nic.__table__).values(server_id=server_id, nic_index=index, fixed_ips=[], detaching=False, **wanted))


def addresses_of(conn: Connection, server_ids: Sequence[str]) -> dict[str, list[rows.Row]]:
    """Where the NICs of servers are reached, by server id, in order, in one query: {"network_id", "fixed_ips", "floating_ip"}."""
    return _by_server(conn, _ADDRESSES, server_ids)


def of_server(conn: Connection, server_id: str) -> list[rows.Row]:
    """The NICs of one server, in order."""
    return _by_server(conn, _ALL, [server_id])[server_id]


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


def _by_server(conn: Connection, statement: sa.Select[Any], server_ids: Sequence[str]) -> dict[str, list[rows.Row]]:
    found: dict[str, list[rows.Row]] = {server_id: [] for server_id in server_ids}
    if server_ids:
        for nic in rows.all_of(conn, statement, ids=server_ids):
            found[nic["server_id"]].append(nic)
    return found


def _one(columns: Any, server_id: str, index: int) -> tuple[Any, Any]:
    return columns.server_id == server_id, columns.nic_index == index
