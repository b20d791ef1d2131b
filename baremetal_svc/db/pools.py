# SPDX-License-Identifier: Apache-2.0
"""Pools, their materialised members, and the tags that membership comes from."""

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Node, NodeTag, Pool, PoolMember
from baremetal_svc.domain.pool import Expression

POOL = Pool.__table__.c
_PROJECTS = select(POOL.id, POOL.projects).where(POOL.id.in_(sa.bindparam("pool_ids", expanding=True)))
MEMBER = PoolMember.__table__.c
TAG = NodeTag.__table__.c
#: Parts of one statement: SQLite takes 500.
_AT_ONCE = 200
#: As text: most of what it takes to read them is the lists, and those seldom change.
_LISTS = [sa.cast(column, sa.Text) for column in (POOL.all_of, POOL.any_of, POOL.none_of)]
_EXPRESSIONS = select(POOL.id, *_LISTS)
#: Of so many tags, pools that name one are looked for; of more, all are read. Not of what JSON may write in another way.
_FEW, _WRITTEN_OTHERWISE = 8, frozenset('"\\')

#: Begins the tags that say in which zone a node is: what tenants name, and what groups keep together or apart.
AVAILABILITY_ZONE, AFFINITY_ZONE = "availability_zone=", "affinity_zone="
#: The pool of every node, made by the first migration, for flavors that name none.
DEFAULT_ID = "00000000-0000-4000-8000-000000000000"


def insert(conn: Connection, values: Mapping[str, Any]) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(sa.insert(Pool.__table__).values(created_at=now(), **values))


def get(conn: Connection, pool_id: str, *, lock: bool = False) -> rows.Row | None:
    """One pool."""
    statement = select(Pool.__table__).where(POOL.id == pool_id)
    # Its id stays: whoever notes nodes as its members, with those locked, must not wait for somebody who edits it and waits for the nodes.
    return rows.one(conn, statement.with_for_update(key_share=True) if lock else statement)


def set_columns(conn: Connection, pool_id: str, **values: Any) -> None:
    """:raises DBDuplicateEntry: the name is taken."""
    conn.execute(sa.update(Pool.__table__).where(POOL.id == pool_id).values(updated_at=now(), **values))


def forget(conn: Connection, pool_id: str) -> None:
    """Delete a pool; its members and offers go with it."""
    conn.execute(sa.delete(Pool.__table__).where(POOL.id == pool_id))


def page(conn: Connection, *, limit: int, marker: str | None) -> list[rows.Row]:
    """Pools by id."""
    statement = select(Pool.__table__).order_by(POOL.id).limit(limit)
    return rows.all_of(conn, statement if marker is None else statement.where(POOL.id > marker))


def existing(conn: Connection, pool_ids: Sequence[str]) -> set[str]:
    """Those of the ids that are pools; until the end of the transaction nobody deletes them."""
    return set(conn.execute(select(POOL.id).where(POOL.id.in_(pool_ids)).with_for_update(read=True)).scalars())


def open_to(conn: Connection, pool_ids: Sequence[str], project_id: str) -> list[str]:
    """Those of the pools, in their order, that the project may draw on."""
    found = {row.id: row.projects for row in conn.execute(_PROJECTS, {"pool_ids": pool_ids})}
    return [pool_id for pool_id in pool_ids if pool_id in found and (found[pool_id] is None or project_id in found[pool_id])]


def instead_of(conn: Connection, pool_ids: Sequence[str], limit: int) -> list[tuple[str, str]]:
    """(id, name) of other pools, by name."""
    return list(conn.execute(select(POOL.id, POOL.name).where(POOL.id.not_in(pool_ids)).order_by(POOL.name).limit(limit)).tuples())


def names(conn: Connection, pool_ids: Sequence[str]) -> dict[str, str]:
    """Names of pools by id."""
    return dict(conn.execute(select(POOL.id, POOL.name).where(POOL.id.in_(pool_ids))).tuples().all())


def overlaps(conn: Connection, pool_id: str, *, limit: int, marker: str | None) -> list[rows.Row]:
    """Other pools that have members of this one, and how many: {"id", "name", "nodes"}, by id."""
    own, other = PoolMember.__table__.alias("own"), PoolMember.__table__.alias("other")
    shared = sa.and_(other.c.node_id == own.c.node_id, other.c.pool_id != own.c.pool_id)
    statement = select(other.c.pool_id, sa.func.count().label("nodes")).select_from(own).join(other, shared).where(own.c.pool_id == pool_id)
    if marker is not None:
        statement = statement.where(other.c.pool_id > marker)
    counted = statement.group_by(other.c.pool_id).order_by(other.c.pool_id).limit(limit).subquery()
    named = select(POOL.id, POOL.name, counted.c.nodes).join(counted, counted.c.pool_id == POOL.id).order_by(POOL.id)
    return rows.all_of(conn, named)


def member_counts(conn: Connection, pool_ids: Sequence[str]) -> dict[str, int]:
    """Members by pool id, in one query."""
    statement = select(MEMBER.pool_id, sa.func.count()).where(MEMBER.pool_id.in_(pool_ids)).group_by(MEMBER.pool_id)
    return dict(conn.execute(statement).tuples().all())


def expressions(conn: Connection, pool_ids: Sequence[str] | None = None) -> dict[str, Expression]:
    """Expressions by id, of every pool for None. Pools are few: operators name them by hand."""
    return _by_id(conn, _EXPRESSIONS if pool_ids is None else _EXPRESSIONS.where(POOL.id.in_(pool_ids)))


def naming(conn: Connection, tags: Collection[str]) -> dict[str, Expression]:
    """Expressions by id, at least of the pools whose expression names one of the tags."""
    if len(tags) > _FEW or not all(tag.isascii() and tag.isprintable() and not _WRITTEN_OTHERWISE & set(tag) for tag in tags):
        return expressions(conn)
    patterns = {f"tag{number}": f'%"{tag}"%' for number, tag in enumerate(sorted(tags))}
    return _by_id(conn, _naming(len(tags)), patterns)


@lru_cache(_FEW + 1)
def _naming(count: int) -> sa.Select[Any]:
    every, some, no = _LISTS
    return _EXPRESSIONS.where(sa.or_(sa.false(), *((every + some + no).like(sa.bindparam(f"tag{number}")) for number in range(count))))


def rebuilt(conn: Connection) -> dict[str, Expression]:
    """The expressions of the pools that are not being rebuilt."""
    return _by_id(conn, _EXPRESSIONS.where(POOL.rebuilt_generation >= POOL.generation))


def _by_id(conn: Connection, statement: sa.Select[Any], values: Mapping[str, str] | None = None) -> dict[str, Expression]:
    return {pool_id: _expression(*lists) for pool_id, *lists in conn.execute(statement, values).all()}


@lru_cache(4096)
def _expression(every: str, some: str, no: str) -> Expression:
    return Expression.of(all=orjson.loads(every), any=orjson.loads(some), none=orjson.loads(no))


def is_tag(conn: Connection, tag: str) -> bool:
    """Whether any node that Ironic knows has the tag."""
    # Compared once more here: to some collations a space at the end is none.
    return tag in conn.execute(_carried(tag)).scalars()


def values_of(conn: Connection, prefix: str) -> list[str]:
    """What follows the prefix in the tags of nodes that Ironic knows, each once: the values of a key "key="."""
    named = list(conn.execute(select(TAG.tag).distinct().where(TAG.tag.startswith(prefix, autoescape=True))).scalars())
    found: set[str] = set()
    # Of each one node: a join would look at every node that has any of them.
    for first in range(0, len(named), _AT_ONCE):
        parts = [select(_carried(tag).subquery()) for tag in named[first : first + _AT_ONCE]]
        found.update(conn.execute(sa.union_all(*parts)).scalars())
    return sorted(tag.removeprefix(prefix) for tag in found)


def _carried(tag: str) -> sa.Select[Any]:
    """The tag, if any node has it."""
    return select(TAG.tag).join(Node.__table__, Node.id == TAG.node_id).where(TAG.tag == tag, Node.gone.is_(sa.false())).limit(1)


def join(conn: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Make nodes members: (pool id, node id)."""
    if pairs:
        conn.execute(sa.insert(PoolMember.__table__), [{"pool_id": pool_id, "node_id": node_id} for pool_id, node_id in pairs])


def leave(conn: Connection, pairs: Sequence[tuple[str, str]]) -> None:
    """Make nodes members no longer: (pool id, node id)."""
    rows.forget_pairs(conn, MEMBER.pool_id, MEMBER.node_id, pairs)


def under_rebuild(conn: Connection) -> list[rows.Row]:
    """Pools whose members are not yet those of their expression, by id."""
    return rows.all_of(conn, select(Pool.__table__).where(POOL.rebuilt_generation < POOL.generation).order_by(POOL.id))


def begin_rebuild(conn: Connection, pool_id: str) -> None:
    """Have its members rebuilt from the first node on; a rebuild under way for an older expression is void."""
    conn.execute(sa.update(Pool.__table__).where(POOL.id == pool_id).values(generation=POOL.generation + 1, rebuilt_up_to=""))


def end_rebuild(conn: Connection, pool_id: str, generation: int) -> None:
    """Note that all nodes have been looked at, unless the expression has changed again."""
    these = (POOL.id == pool_id, POOL.generation == generation)
    conn.execute(sa.update(Pool.__table__).where(*these).values(rebuilt_generation=generation, rebuilt_up_to=""))


def advance_rebuild(conn: Connection, pool: rows.Row, up_to: str) -> None:
    """Note that the nodes up to this id have been looked at, unless the expression has changed again."""
    these = (POOL.id == pool["id"], POOL.generation == pool["generation"], POOL.rebuilt_up_to == pool["rebuilt_up_to"])
    conn.execute(sa.update(Pool.__table__).where(*these).values(rebuilt_up_to=up_to))
