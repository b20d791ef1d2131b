# SPDX-License-Identifier: Apache-2.0
"""Rows as plain mappings: lists are rendered from them without objects per row."""

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Connection, Executable

Row = Mapping[str, Any]


def one(conn: Connection, statement: Executable) -> Row | None:
    """The first row, or None."""
    return cast("Row | None", conn.execute(statement).mappings().first())


def all_of(conn: Connection, statement: Executable) -> list[Row]:
    """Every row."""
    return cast("list[Row]", conn.execute(statement).mappings().all())
