# SPDX-License-Identifier: Apache-2.0
"""Engines and their connections. SQLite: WAL and BEGIN IMMEDIATE for writers, since it has one writer at a time."""

import json
import os
import time
from collections.abc import Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from oslo_db.sqlalchemy import exc_filters
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

#: Seconds after which a server ends a transaction in which nothing is asked: a process that is stopped in the middle of one, or whose
#: machine has lost its network, would keep its rows locked, and nobody could take over its operations. Part of "lease + 5 s".
ABANDONED = 5
#: Bytes that MariaDB puts into one aggregated value: its own default, for those who have set another, at which lists would be cut off.
_AGGREGATED = 2**20
_SESSION = {
    "mysql": f"SET SESSION idle_transaction_timeout = {ABANDONED}, group_concat_max_len = {_AGGREGATED}",
    "postgresql": f"SET SESSION idle_in_transaction_session_timeout = '{ABANDONED}s'",
}
#: Seconds after which a server that does not answer is taken for away: one that is frozen, or behind a cut that nobody tells of, would
#: hold every thread. Nothing that a service asks takes nearly as long; commands that change tables wait for as long as it takes.
PATIENCE = 10
_OF_MYSQL = {"connect_timeout": "5", "read_timeout": f"{PATIENCE}", "write_timeout": f"{PATIENCE}"}
_LIMITS = {
    "mysql": _OF_MYSQL,
    "mariadb": _OF_MYSQL,
    # libpq knows only of what is not acknowledged; the server itself, of whom somebody else's lock keeps waiting.
    "postgresql": {"connect_timeout": "5", "tcp_user_timeout": f"{PATIENCE * 1000}", "options": f"-c lock_timeout={PATIENCE}s"},
}
#: Seconds for which a connection that was in use is taken for alive: asking it each time is a sixth of a claim, and whoever meets a dead
#: one within them begins its transaction anew, on a new connection.
FRESH = 1.0
#: Names of drivers, and what is meant: oslo.db tells the errors of MariaDB apart under one of its names only; psycopg 3 has the server
#: prepare what it is asked often, which psycopg2, ours before, cannot.
_MEANT = {
    "mariadb": "mysql",
    "mariadb+pymysql": "mysql+pymysql",
    "mariadb+mysqldb": "mysql+mysqldb",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg2": "postgresql+psycopg",
}
#: What they say of a write that they do not take, and of a wait for a lock that is too long: PostgreSQL's states, MariaDB's codes.
_AWAY: set[Any] = {"25006", 1290, 1792, 1836, "55P03"}
#: Options of psycopg itself; the others are libpq's.
_OF_PSYCOPG = {"autocommit", "prepare_threshold"}
#: SERVER_STATUS_IN_TRANS of MySQL's protocol.
_IN_TRANSACTION = 1


def make(url: str, **options: Any) -> sa.Engine:
    """An engine that raises what oslo.db makes of errors.

    :param options: those of oslo.db that have to do with connections, for servers.
    :raises sqlalchemy.exc.ArgumentError: no URL. :raises ImportError: its driver is not installed.
    """
    engine = _sqlite(url) if sa.make_url(url).get_backend_name() == "sqlite" else _server(url, **options)
    sa.event.listen(engine, "handle_error", _tell_away)
    exc_filters.register_engine(engine)
    return engine


def impatient(url: str) -> str:
    """The URL with limits of time for answers, where it has none of its own."""
    parsed = sa.make_url(url)
    limits = _LIMITS.get(parsed.get_backend_name(), {})
    missing = {name: seconds for name, seconds in limits.items() if name not in parsed.query}
    return parsed.update_query_dict(missing).render_as_string(hide_password=False)


def _server(
    url: str,
    *,
    max_pool_size: int | None = 5,
    max_overflow: int | None = 50,
    pool_timeout: int | None = None,
    connection_recycle_time: int = 3600,
    mysql_sql_mode: str | None = "TRADITIONAL",
    mysql_wsrep_sync_wait: int | None = None,
) -> sa.Engine:
    parsed = sa.make_url(url)
    parsed = parsed.set(drivername=_MEANT.get(parsed.drivername, parsed.drivername))
    if parsed.get_backend_name() == "mysql" and "charset" not in parsed.query:
        # MySQL's utf8 has no characters beyond the first plane.
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    sizes = {"pool_size": max_pool_size, "max_overflow": max_overflow, "pool_timeout": pool_timeout}
    given = {name: value for name, value in sizes.items() if value is not None}
    _check(parsed)
    recycled = {"pool_recycle": connection_recycle_time, "pool_reset_on_return": None}
    engine = sa.create_engine(parsed, json_deserializer=document, **recycled, **given)
    settings: list[tuple[str, list[Any]]] = [(_SESSION[engine.dialect.name], [])]
    if engine.dialect.name == "mysql":
        asked = {"sql_mode": mysql_sql_mode, "wsrep_sync_wait": mysql_wsrep_sync_wait}
        settings += [(f"SET SESSION {name} = %s", [value]) for name, value in asked.items() if value is not None]
    # Once for each connection: as an execution option of the engine it is set and reset in every transaction, four statements more.
    sa.event.listen(engine, "connect", lambda connection, record: _set_session(engine.dialect, connection, record, settings))
    sa.event.listen(engine, "reset", lambda connection, record, state: _reset(engine.dialect, connection))
    sa.event.listen(engine, "checkin", lambda connection, record: record.info.update(used=time.monotonic()))
    sa.event.listen(engine, "checkout", lambda connection, record, fairy: _look(engine.dialect, connection, record, fairy))
    return engine


def _check(url: sa.URL) -> None:
    """:raises sqlalchemy.exc.ArgumentError: an option that the driver does not know, which each connection would tell anew."""
    dialect = url.get_dialect()
    if dialect.is_async:
        raise sa.exc.ArgumentError(f"the driver {url.drivername} is asynchronous")
    if url.drivername == "postgresql+psycopg":
        from psycopg import ProgrammingError, conninfo

        try:
            options: dict[str, Any] = {name: value for name, value in url.query.items() if name not in _OF_PSYCOPG}
            conninfo.make_conninfo(**options)
        except ProgrammingError as error:
            raise sa.exc.ArgumentError(str(error)) from error


def _set_session(dialect: sa.Dialect, connection: Any, record: ConnectionPoolEntry, settings: Sequence[tuple[str, list[Any]]]) -> None:
    record.info.update(used=time.monotonic(), process=os.getpid())
    dialect.set_isolation_level(connection, "READ COMMITTED")
    # MySQL refuses its one: there is nothing to connect to it for.
    with connection.cursor() as cursor:
        for statement, values in settings:
            cursor.execute(statement, values or None)
    # What is set in a transaction that is rolled back is not set.
    connection.commit()


def _tell_away(context: sa.engine.ExceptionContext) -> None:
    """A server that takes no writes any more, since it is not the primary or an operator says so, is away: its connections go.

    So is one that has somebody wait for a lock for too long, to him.
    """
    error = context.original_exception
    if {getattr(error, "sqlstate", None), *error.args[:1]} & _AWAY:
        context.is_disconnect = True


def _reset(dialect: sa.Dialect, connection: Any) -> None:
    """Roll back what is open. PyMySQL knows whether something is, and would ask the server each time; others know as well, and do not."""
    if getattr(connection, "server_status", _IN_TRANSACTION) & _IN_TRANSACTION:
        dialect.do_rollback(connection)


def _look(dialect: sa.Dialect, connection: Any, record: ConnectionPoolEntry, fairy: PoolProxiedConnection) -> None:
    """Refuse a connection of another process, which this one was forked from, or one that has died while nobody used it."""
    if record.info["process"] != os.getpid():
        # Let go of, not closed: the other goes on using it.
        _silence(dialect, connection)
        record.dbapi_connection = fairy.dbapi_connection = None  # type: ignore[misc]
        raise sa.exc.DisconnectionError("The connection belongs to another process.")
    if time.monotonic() - record.info["used"] < FRESH:
        return
    try:
        dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error as error:
        raise sa.exc.DisconnectionError(f"The connection has died: {error}") from error


def _silence(dialect: sa.Dialect, connection: Any) -> None:
    """Have whoever frees this process's copy of a connection say good-bye to nobody: mysqlclient would, and end the other one's."""
    if dialect.driver == "mysqldb":
        nobody = os.open(os.devnull, os.O_RDWR)
        os.dup2(nobody, connection.fileno())
        os.close(nobody)


def document(text: str | bytes) -> Any:
    """What a column of JSON says. Reading it was an eighth of a list of servers."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Earlier versions stored what Python alone takes for JSON: NaN, halves of surrogate pairs.
        return json.loads(text)


def _sqlite(url: str) -> sa.Engine:
    engine = sa.create_engine(url, pool_size=20, max_overflow=20, pool_timeout=10, json_deserializer=document)
    sa.event.listen(engine, "connect", _sqlite_connect)
    sa.event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(dbapi_connection: Any, record: Any) -> None:
    # The driver's own BEGIN comes too late and is never IMMEDIATE: we emit it ourselves.
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA journal_mode=WAL")
    dbapi_connection.execute("PRAGMA foreign_keys=ON")
    dbapi_connection.execute("PRAGMA synchronous=NORMAL")
    dbapi_connection.execute("PRAGMA busy_timeout=10000")
    # As the servers have it.
    dbapi_connection.execute("PRAGMA case_sensitive_like=ON")


def _sqlite_begin(conn: sa.Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("begin") == "IMMEDIATE" else "BEGIN")
