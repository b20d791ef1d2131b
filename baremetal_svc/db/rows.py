# SPDX-License-Identifier: Apache-2.0
"""Rows as plain mappings: lists are rendered from them without objects per row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Executable

Row = Mapping[str, Any]
Column = sa.Column[Any]


def one(conn: Connection, statement: Executable, **values: Any) -> Row | None:
    """The first row, or None; with these values of its parameters."""
    return cast("Row | None", conn.execute(statement, values).mappings().first())


def all_of(conn: Connection, statement: Executable, **values: Any) -> list[Row]:
    """Every row; with these values of its parameters."""
    return cast("list[Row]", conn.execute(statement, values).mappings().all())


def forget_pairs(
    conn: Connection, one: Column, other: Column, pairs: Iterable[tuple[Any, Any]], only: tuple[Column, Any] | None = None
) -> None:
    """Delete the rows that have these values in two columns of a table, and in a third one where ``only`` names it.

    As many statements as the column with fewer different values has: one for a node that leaves ten pools, one for ten that leave one.
    """
    by_one: dict[Any, list[Any]] = defaultdict(list)
    by_other: dict[Any, list[Any]] = defaultdict(list)
    for first, second in pairs:
        by_one[first].append(second)
        by_other[second].append(first)
    key, listed, groups = (one, other, by_one) if len(by_one) <= len(by_other) else (other, one, by_other)
    third, more = (None, {}) if only is None else (only[0], {"third": only[1]})
    for value, found in sorted(groups.items()):
        conn.execute(_forgetting(key, listed, third), {"value": value, "listed": found, **more})


@lru_cache
def _forgetting(key: Column, listed: Column, third: Column | None) -> sa.Delete:
    """Built once: that takes longer than the statement."""
    these = (key == sa.bindparam("value"), listed.in_(sa.bindparam("listed", expanding=True)))
    only = () if third is None else (third == sa.bindparam("third"),)
    return sa.delete(key.table).where(*these, *only)
