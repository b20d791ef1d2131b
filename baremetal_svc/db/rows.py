# SPDX-License-Identifier: Apache-2.0
"""Rows as plain mappings: lists are rendered from them without objects per row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy import Connection, Executable

Row = Mapping[str, Any]


def one(conn: Connection, statement: Executable) -> Row | None:
    """The first row, or None."""
    return cast("Row | None", conn.execute(statement).mappings().first())


def all_of(conn: Connection, statement: Executable, **values: Any) -> list[Row]:
    """Every row; with these values of its parameters."""
    return cast("list[Row]", conn.execute(statement, values).mappings().all())


def forget_pairs(conn: Connection, one: sa.Column[Any], other: sa.Column[Any], pairs: Iterable[tuple[Any, Any]], *more: Any) -> None:
    """Delete the rows that have these values in two columns of a table, and for which ``more`` holds.

    As many statements as the column with fewer different values has: one for a node that leaves ten pools, one for ten that leave one.
    """
    by_one: dict[Any, list[Any]] = defaultdict(list)
    by_other: dict[Any, list[Any]] = defaultdict(list)
    for first, second in pairs:
        by_one[first].append(second)
        by_other[second].append(first)
    key, listed, groups = (one, other, by_one) if len(by_one) <= len(by_other) else (other, one, by_other)
    for value, found in sorted(groups.items()):
        conn.execute(sa.delete(one.table).where(*more, key == value, listed.in_(found)))
