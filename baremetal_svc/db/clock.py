# SPDX-License-Identifier: Apache-2.0
"""The database's own clock as an SQL expression: leases and waits never compare the clocks of two machines."""

from typing import Any

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Double


class now(FunctionElement[float]):
    """Seconds since the epoch, microseconds where the database has them (SQLite: milliseconds)."""

    name = "now"
    type = Double()
    # Works for functions only: on a plain ColumnElement it is ignored, and every statement with it is compiled anew (2 ms each).
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite(element: now, compiler: Any, **kw: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "mysql")
def _mysql(element: now, compiler: Any, **kw: Any) -> str:
    # SYSDATE, not NOW: NOW stands still within a statement and, under a wait for a lock, is old when it ends.
    return "(UNIX_TIMESTAMP(SYSDATE(6)) + 0e0)"


@compiles(now, "postgresql")
def _postgresql(element: now, compiler: Any, **kw: Any) -> str:
    return "EXTRACT(EPOCH FROM clock_timestamp())::double precision"
