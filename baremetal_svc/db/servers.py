# SPDX-License-Identifier: Apache-2.0
"""Servers and their NICs."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import nics as db_nics
from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.groups import DOMAIN
from baremetal_svc.db.models import Address, Flavor, Node, Server, ServerTag
from baremetal_svc.domain.server import Status

SERVER = Server.__table__.c
NODE = Node.__table__.c
TAG = ServerTag.__table__.c
SORT_KEYS = {"id": SERVER.id, "uuid": SERVER.id, "name": SERVER.name, "created_at": SERVER.created_at, "status": SERVER.status}
_TAGS = select(TAG.server_id, TAG.tag).where(TAG.server_id.in_(sa.bindparam("ids", expanding=True))).order_by(TAG.tag)
#: What lists show: neither where a server stands nor how its machine is set up.
_LISTED = [column for column in SERVER if column.name not in ("node_id", "setup", "batch_id")]
_BY_POWER = {"power on": Status.ACTIVE, "power off": Status.STOPPED}


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


def project_of(server_id: str) -> sa.ScalarSelect[str]:
    """The project of a server, as a part of another statement."""
    return select(SERVER.project_id).where(SERVER.id == server_id).scalar_subquery()


def known(conn: Connection, server_ids: Collection[str]) -> set[str]:
    """Those of the ids that are servers of ours."""
    return set(conn.execute(select(SERVER.id).where(SERVER.id.in_(sorted(server_ids)))).scalars())


def page(
    conn: Connection, filters: Mapping[str, Any], *, sort_key: str, descending: bool, limit: int, marker: rows.Row | None
) -> list[rows.Row]:
    """Servers by filters, without what only a single one shows.

    :param filters: project_id, status, flavor_id, image_id, flavor_name: equal; name: contains; ip: an address begins so; tags: has all.
    """
    statement = select(*_LISTED).where(*(_FILTERS[name](value) for name, value in filters.items())).limit(limit)
    if "flavor_name" in filters:
        statement = statement.outerjoin(Flavor.__table__, Flavor.id == SERVER.flavor_id)
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


def observe_power(conn: Connection, node_id: str, power_state: str | None) -> None:
    """The machine of a server was switched by somebody else: its status follows.

    An operation of power shows a status of its own meanwhile, and records what it sees itself.
    """
    values: dict[str, Any] = {"power_state": power_state, **({"status": _BY_POWER[power_state]} if power_state in _BY_POWER else {})}
    settled = SERVER.status.in_((Status.ACTIVE, Status.STOPPED))
    conn.execute(update(Server.__table__).where(SERVER.node_id == node_id, settled).values(updated_at=now(), **values))


def come_to_rest(conn: Connection, server_id: str, status: Status) -> None:
    """The status at the end of an operation: active or stopped as the machine was last seen, anything else as it is told."""
    values: dict[str, Any] = {"status": status}
    if status in _BY_POWER.values():
        node_id = conn.execute(select(SERVER.node_id).where(SERVER.id == server_id)).scalar()
        # Locked, as a listing does it, first the node and then the server: the change of power that it writes now is not missed.
        power = conn.execute(select(NODE.power_state).where(NODE.id == node_id).with_for_update()).scalar()
        values = {"status": _BY_POWER.get(power or "", status), **({} if power is None else {"power_state": power})}
    set_columns(conn, server_id, **values)


def forget(conn: Connection, server_id: str) -> None:
    """Delete the server and what belongs to it alone (ON DELETE CASCADE)."""
    conn.execute(sa.delete(Server.__table__).where(SERVER.id == server_id))


def tags_of(conn: Connection, server_ids: Sequence[str]) -> dict[str, list[str]]:
    """Tags by server id, in order, in one query."""
    found: dict[str, list[str]] = {server_id: [] for server_id in server_ids}
    if server_ids:
        for server_id, tag in conn.execute(_TAGS, {"ids": server_ids}).all():
            found[server_id].append(tag)
    return found


def set_tags(conn: Connection, server_id: str, tags: Iterable[str]) -> None:
    """Replace the tags of a server."""
    conn.execute(sa.delete(ServerTag.__table__).where(TAG.server_id == server_id))
    values = [{"server_id": server_id, "tag": tag} for tag in sorted(set(tags))]
    if values:
        conn.execute(sa.insert(ServerTag.__table__), values)


def _equals(column: Any) -> Callable[[Any], Any]:
    return lambda value: column == value


def _has_tags(tags: Sequence[str]) -> Any:
    return sa.and_(*(sa.exists().where(TAG.server_id == SERVER.id, TAG.tag == tag) for tag in tags))


def _has_address(beginning: str) -> Any:
    address = Address.__table__.c
    return SERVER.id.in_(select(address.server_id).where(address.address.startswith(beginning, autoescape=True)))


_FILTERS: Mapping[str, Callable[[Any], Any]] = {
    **{name: _equals(SERVER[name]) for name in ("project_id", "status", "flavor_id", "image_id")},
    "flavor_name": _equals(Flavor.__table__.c.name),
    "name": lambda value: SERVER.name.contains(value, autoescape=True),
    "ip": _has_address,
    "tags": _has_tags,
}


def _with_node() -> sa.Select[Any]:
    nodes, flavors = Node.__table__, Flavor.__table__
    domain = DOMAIN.label("affinity_zone")
    columns = select(Server.__table__, nodes.c.name.label("node_name"), domain, flavors.c.name.label("flavor_name"))
    # Outer joins both, though each server has its flavor: a page is read in the order of the servers' index, and no further.
    return columns.outerjoin(nodes, nodes.c.id == SERVER.node_id).outerjoin(flavors, flavors.c.id == SERVER.flavor_id)
