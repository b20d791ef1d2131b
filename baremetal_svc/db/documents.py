# SPDX-License-Identifier: Apache-2.0
"""JSON that the database makes: lists in a column, and whole rows from MariaDB, whose drivers read field by field, PyMySQL in Python."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from baremetal_svc.db import rows
from baremetal_svc.db.engines import document


class array(FunctionElement[Any]):
    """A JSON array of values."""

    name = "json_array"
    type = sa.JSON()
    inherit_cache = True


class array_of_all(FunctionElement[Any]):
    """A JSON array of what one expression is in each row, in any order; of no row null or empty."""

    name = "json_array_of_all"
    type = sa.JSON()
    inherit_cache = True


_NAMES = {
    array: {"mysql": "json_array", "postgresql": "json_build_array", "sqlite": "json_array"},
    array_of_all: {"mysql": "json_arrayagg", "postgresql": "json_agg", "sqlite": "json_group_array"},
}


@compiles(array)
@compiles(array_of_all)
def _call(element: FunctionElement[Any], compiler: Any, **kw: Any) -> str:
    return f"{_NAMES[type(element)][compiler.dialect.name]}({compiler.process(element.clauses, **kw)})"


def all_of(conn: Connection, statement: sa.Select[Any], **values: Any) -> Sequence[rows.Row]:
    """Every row of a statement that is built once; from MariaDB each comes as one array, which is a third of the work for wide rows."""
    if conn.dialect.name != "mysql":
        return rows.all_of(conn, statement, **values)
    whole, names, booleans = _whole(statement)
    found = [dict(zip(names, document(text), strict=True)) for text in conn.execute(whole, values).scalars().all()]
    for row in found:
        # MariaDB has no booleans.
        row.update({name: bool(row[name]) for name in booleans if row[name] is not None})
    return found


@lru_cache(maxsize=512)
def _whole(statement: sa.Select[Any]) -> tuple[sa.Select[Any], list[str], list[str]]:
    columns = [(f"{column.key}", column) for column in statement.selected_columns]
    text = sa.type_coerce(array(*(column for _, column in columns)), sa.Text)
    booleans = [name for name, column in columns if isinstance(column.type, sa.Boolean)]
    return statement.with_only_columns(text, maintain_column_froms=True), [name for name, _ in columns], booleans
