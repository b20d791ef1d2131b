# SPDX-License-Identifier: Apache-2.0
"""Servers and their NICs."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import documents, rows
from baremetal_svc.db import nics as db_nics
from baremetal_svc.db.clock import now
from baremetal_svc.db.groups import DOMAIN
from baremetal_svc.db.models import Address, Flavor, Node, Server, ServerTag
from baremetal_svc.domain.server import Status

SERVER = Server.__table__.c
NODE = Node.__table__.c
TAG = ServerTag.__table__.c
SORT_KEYS = {"id": SERVER.id, "uuid": SERVER.id, "name": SERVER.name, "created_at": SERVER.created_at, "status": SERVER.status}
#: What lists show: neither where a server stands nor how its machine is set up.
_LISTED = [column for column in SERVER if column.name not in ("node_id", "setup", "batch_id")]
_INSERT = sa.insert(Server.__table__).values(created_at=now())
_BY_POWER = {"power on": Status.ACTIVE, "power off": Status.STOPPED}


def insert(conn: Connection, values: Mapping[str, Any], nics: Sequence[Mapping[str, Any]]) -> None:
    """Insert a server (keys are column names; metadata as "metadata") and its NICs ({"network_id"} or {"requested_port_id"})."""
    conn.execute(_INSERT, values)
    for index, nic in enumerate(nics):
        db_nics.insert(conn, values["id"], index, **nic)


def get(conn: Connection, server_id: str, project_id: str | None = None, *, lock: bool = False) -> rows.Row | None:
    """One server, of the given project only unless it is None."""
    statement = _one(of_project=project_id is not None, lock=lock)
    return rows.one(conn, statement, server_id=server_id, project_id=project_id)


def shown(conn: Connection, server_id: str, project_id: str | None = None) -> rows.Row | None:
    """As ``get``, with what belongs to it in other tables: "addresses" for ``nics.reached``, "tags" in any order; None for none."""
    statement = _one(of_project=project_id is not None, belongings=True)
    return rows.one(conn, statement, server_id=server_id, project_id=project_id)


def known(conn: Connection, server_ids: Collection[str]) -> set[str]:
    """Those of the ids that are servers of ours."""
    return set(conn.execute(select(SERVER.id).where(SERVER.id.in_(sorted(server_ids)))).scalars())


def page(
    conn: Connection, filters: Mapping[str, Any], *, sort_key: str, descending: bool, limit: int, marker: rows.Row | None
) -> Sequence[rows.Row]:
    """Servers by filters, with what ``shown`` adds and without what only a single one shows: one query.

    :param filters: project_id, status, flavor_id, image_id, flavor_name: equal; name: contains; ip: an address begins so; tags: has all of
        these, which are different.
    """
    tags = filters.get("tags", ())
    statement = _page(tuple(sorted({*filters} - {"tags"})), min(len(tags), 2), sort_key, descending, marker is not None)
    values = {name: _escaped(value) if name in ("name", "ip") else value for name, value in filters.items() if name != "tags"}
    if tags:
        values |= {"tag": tags[0], "tags": tags, "count": len(tags)}
    if marker is not None:
        values |= {"after": marker[SORT_KEYS[sort_key].name], "after_id": marker["id"]}
    return documents.all_of(conn, statement, limit=limit, **values)


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


def tags_of(conn: Connection, server_id: str) -> list[str]:
    """The tags of a server, in order."""
    return list(conn.execute(select(TAG.tag).where(TAG.server_id == server_id).order_by(TAG.tag)).scalars())


def set_tags(conn: Connection, server_id: str, tags: Iterable[str]) -> None:
    """Replace the tags of a server."""
    conn.execute(sa.delete(ServerTag.__table__).where(TAG.server_id == server_id))
    values = [{"server_id": server_id, "tag": tag} for tag in sorted(set(tags))]
    if values:
        conn.execute(sa.insert(ServerTag.__table__), values)


@lru_cache(maxsize=512)
def _page(filters: tuple[str, ...], tags: int, sort_key: str, descending: bool, marked: bool) -> sa.Select[Any]:
    """Built once: that takes longer than the query."""
    statement = select(*_LISTED, *_belongings(SERVER.id)).where(*(_FILTERS[name] for name in filters), *_TAGGED[:tags])
    if "flavor_name" in filters:
        statement = statement.outerjoin(Flavor.__table__, Flavor.id == SERVER.flavor_id)
    column = SORT_KEYS[sort_key]
    order = (SERVER.id,) if column is SERVER.id else (column, SERVER.id)
    if marked:
        statement = statement.where(_after(order, descending))
    return statement.order_by(*(one.desc() if descending else one for one in order)).limit(sa.bindparam("limit", type_=sa.Integer))


def _after(order: Sequence[sa.ColumnElement[Any]], descending: bool) -> sa.ColumnElement[bool]:
    names = ("after", "after_id")[-len(order) :]
    values = [sa.bindparam(name, type_=column.type) for name, column in zip(names, order, strict=True)]
    if len(order) == 1:
        return order[0] < values[0] if descending else order[0] > values[0]
    here, there = sa.tuple_(*order), sa.tuple_(*values)
    # The first column once more: MariaDB does not find where to begin by a comparison of rows.
    return sa.and_(order[0] <= values[0], here < there) if descending else sa.and_(order[0] >= values[0], here > there)


def _escaped(text: str) -> str:
    """For LIKE, which has % and _ for any characters, with / before those that are meant."""
    return re.sub(r"[/%_]", r"/\g<0>", text)


def _belongings(server_id: sa.ColumnElement[str]) -> tuple[sa.Label[Any], sa.Label[Any]]:
    tags = select(documents.array_of_all(TAG.tag)).where(TAG.server_id == server_id).scalar_subquery()
    return db_nics.addresses(server_id).label("addresses"), tags.label("tags")


_ADDRESS = Address.__table__.c
#: One statement for any number of tags: by the first one servers are found, and of those the tags are counted.
_TAGGED = (
    sa.exists().where(TAG.server_id == SERVER.id, TAG.tag == sa.bindparam("tag")),
    select(sa.func.count()).where(TAG.server_id == SERVER.id, TAG.tag.in_(sa.bindparam("tags", expanding=True))).scalar_subquery()
    == sa.bindparam("count", type_=sa.Integer),
)
_FILTERS: Mapping[str, sa.ColumnElement[bool]] = {
    **{name: SERVER[name] == sa.bindparam(name) for name in ("project_id", "status", "flavor_id", "image_id")},
    "flavor_name": Flavor.__table__.c.name == sa.bindparam("flavor_name"),
    "name": SERVER.name.contains(sa.bindparam("name", type_=SERVER.name.type), escape="/"),
    "ip": SERVER.id.in_(
        select(_ADDRESS.server_id).where(_ADDRESS.address.startswith(sa.bindparam("ip", type_=_ADDRESS.address.type), escape="/"))
    ),
}


@lru_cache
def _one(*, of_project: bool, lock: bool = False, belongings: bool = False) -> sa.Select[Any]:
    nodes, flavors = Node.__table__, Flavor.__table__
    named = nodes.c.name.label("node_name"), DOMAIN.label("affinity_zone"), flavors.c.name.label("flavor_name")
    statement = select(Server.__table__, *named, *(_belongings(SERVER.id) if belongings else ()))
    # An adopted server has no flavor, one that is being made no node.
    statement = statement.outerjoin(nodes, nodes.c.id == SERVER.node_id).outerjoin(flavors, flavors.c.id == SERVER.flavor_id)
    statement = statement.where(SERVER.id == sa.bindparam("server_id"))
    if of_project:
        statement = statement.where(SERVER.project_id == sa.bindparam("project_id"))
    return statement.with_for_update(of=Server.__table__) if lock else statement
