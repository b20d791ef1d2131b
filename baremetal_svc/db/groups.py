# SPDX-License-Identifier: Apache-2.0
"""Server groups, their members, and the failure domains that members hold."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim, GroupMember, Node, Server, ServerGroup
from baremetal_svc.domain.spread import Rule

GROUP = ServerGroup.__table__.c
MEMBER = GroupMember.__table__.c
#: The failure domain of a node: an operator's affinity zone, else what Ironic says of it; "" for none.
DOMAIN = sa.func.coalesce(Node.__table__.c.affinity_zone, Node.__table__.c.failure_domain)


_GROUP_OF = select(MEMBER.group_id).where(MEMBER.server_id == sa.bindparam("server"))


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """Insert a group: id, name, project_id, user_id, policy, level, depth, max_per_domain."""
    conn.execute(sa.insert(ServerGroup.__table__).values(version=0, created_at=now(), **values))


def get(conn: Connection, group_id: str, project_id: str | None = None) -> rows.Row | None:
    """One group, of the given project only unless it is None."""
    statement = select(ServerGroup.__table__).where(GROUP.id == group_id)
    return rows.one(conn, statement if project_id is None else statement.where(GROUP.project_id == project_id))


def page(conn: Connection, *, project_id: str | None, limit: int, marker: str | None) -> list[rows.Row]:
    """Groups by id."""
    statement = select(ServerGroup.__table__).order_by(GROUP.id).limit(limit)
    if project_id is not None:
        statement = statement.where(GROUP.project_id == project_id)
    return rows.all_of(conn, statement if marker is None else statement.where(GROUP.id > marker))


def members_of(conn: Connection, group_ids: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the servers of each group, in one query."""
    found: dict[str, list[str]] = {group_id: [] for group_id in group_ids}
    wanted = select(MEMBER.group_id, MEMBER.server_id).where(MEMBER.group_id.in_(group_ids)).order_by(MEMBER.server_id)
    for group_id, server_id in conn.execute(wanted):
        found[group_id].append(server_id)
    return found


def join(conn: Connection, group_id: str, server_id: str) -> None:
    """:raises DBReferenceError: the group is gone."""
    conn.execute(sa.insert(GroupMember.__table__).values(group_id=group_id, server_id=server_id))


def forget(conn: Connection, group_id: str) -> None:
    """Delete a group; its servers stay where they are."""
    conn.execute(sa.delete(ServerGroup.__table__).where(GROUP.id == group_id))


def queue_up(conn: Connection, server_id: str) -> Rule | None:
    """Lock the server's group until this transaction ends, so that its members claim one after another.

    :returns: the group's rule; None without a group.
    """
    group_id = conn.execute(_GROUP_OF, {"server": server_id}).scalar()
    if group_id is None:
        return None
    conn.execute(update(ServerGroup.__table__).where(GROUP.id == group_id).values(version=GROUP.version + 1))
    group = get(conn, group_id)
    return None if group is None else rule_of(group)


def rule_of(group: rows.Row) -> Rule:
    """The rule in a group's row."""
    return Rule(group["policy"], group["depth"], group["max_per_domain"])


def domains(conn: Connection, rule: Rule) -> set[str]:
    """The domains that any node is in, as the rule counts them."""
    node = Node.__table__.c
    paths = select(node.failure_domain).distinct()
    # Each by the index of its column, but for paths where there are zones: those of nodes in a zone do not count.
    zones = set() if rule.depth is not None else set(conn.execute(select(node.affinity_zone).distinct()).scalars()) - {None}
    found = conn.execute(paths.where(node.affinity_zone.is_(None)) if zones else paths).scalars()
    return ({rule.domain(path, path) for path in found} | zones) - {""}


def of_server(conn: Connection, server_id: str) -> rows.Row | None:
    """The group of a server, or None."""
    joined = select(ServerGroup.__table__).join(GroupMember.__table__, MEMBER.group_id == GROUP.id)
    return rows.one(conn, joined.where(MEMBER.server_id == server_id))


def places_held(conn: Connection, server_ids: Sequence[str]) -> list[tuple[str, str]]:
    """(zone, path) of each node that the other members of the servers' group hold; members without a node hold none."""
    group = select(MEMBER.group_id).where(MEMBER.server_id == server_ids[0]).scalar_subquery()
    return _places(conn, MEMBER.group_id == group, MEMBER.server_id.not_in(server_ids))


def places_of(conn: Connection, group_id: str) -> list[tuple[str, str]]:
    """(zone, path) of each node that the members of a group hold."""
    return _places(conn, MEMBER.group_id == group_id)


def filling(conn: Connection, group_id: str) -> int:
    """How many members have a node or are about to get one: those that failed without one may be tried again, if there is room by then."""
    server, held = Server.__table__.c, sa.exists().where(Claim.live_server == MEMBER.server_id)
    joined = select(sa.func.count()).select_from(GroupMember.__table__).join(Server.__table__, server.id == MEMBER.server_id)
    return conn.execute(joined.where(MEMBER.group_id == group_id, sa.or_(server.status != "error", held))).scalar_one()


def _places(conn: Connection, *members: sa.ColumnElement[bool]) -> list[tuple[str, str]]:
    claim = Claim.__table__.c
    held = select(DOMAIN, Node.__table__.c.failure_domain).join(Claim.__table__, claim.node_id == Node.__table__.c.id)
    others = select(MEMBER.server_id).where(*members)
    return [(zone, path) for zone, path in conn.execute(held.where(claim.live_server.in_(others))).tuples()]
