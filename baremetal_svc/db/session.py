# SPDX-License-Identifier: Apache-2.0
"""Connections and transactions. SQLite: WAL and BEGIN IMMEDIATE for writers, since it has one writer at a time."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
import tenacity
from oslo_config import cfg
from oslo_db import exception as db_exc
from oslo_db.sqlalchemy import engines, exc_filters

from baremetal_svc.domain.errors import Unavailable

LOG = logging.getLogger(__name__)
T = TypeVar("T")

#: What the database raises when it is away or busy, as opposed to refusing a row.
AWAY = (db_exc.DBConnectionError, db_exc.DBNonExistentDatabase, db_exc.DBDeadlock, sa.exc.TimeoutError, sa.exc.OperationalError)
#: The same, what it refuses, and what is told to callers of the API of either.
FAILURES = (*AWAY, db_exc.DBError, sa.exc.DBAPIError, Unavailable)
#: A table or a column that is not there: PostgreSQL's codes, MySQL's, and what SQLite says.
_MISSING, _NO_SUCH = {"42P01", "42703", 1146, 1054}, ("no such table", "no such column", "has no column")
#: Seconds after which a server ends a transaction in which nothing is asked: a process that is stopped in the middle of one, or whose
#: machine has lost its network, would keep its rows locked, and nobody could take over its operations. Part of "lease + 5 s".
ABANDONED = 5
_END_ABANDONED = {
    "mysql": f"SET SESSION idle_transaction_timeout = {ABANDONED}",
    "postgresql": f"SET SESSION idle_in_transaction_session_timeout = '{ABANDONED}s'",
}
#: Seconds after which a server that does not answer is taken for away: one that is frozen, or behind a cut that nobody tells of, would
#: hold every thread. Nothing that a service asks takes nearly as long; commands that change tables wait for as long as it takes.
PATIENCE = 10
_OF_PYMYSQL = {"connect_timeout": "5", "read_timeout": f"{PATIENCE}", "write_timeout": f"{PATIENCE}"}
_LIMITS = {
    "mysql": _OF_PYMYSQL,
    "mariadb": _OF_PYMYSQL,
    # libpq knows only of what is not acknowledged.
    "postgresql": {"connect_timeout": "5", "tcp_user_timeout": f"{PATIENCE * 1000}"},
}


class Database:
    """One engine, and transactions on it."""

    def __init__(self, url: str, **options: Any) -> None:
        self.engine = _sqlite(url) if sa.make_url(url).get_backend_name() == "sqlite" else _server(url, **options)
        self.skips_locked = self.engine.dialect.name != "sqlite"

    @classmethod
    def of(cls, conf: cfg.ConfigOpts, *, patient: bool = False) -> "Database":
        """The database that the group [database] of oslo.db names.

        :param patient: wait for an answer for as long as it takes, as commands that change tables must.
        :raises ValueError: it is not set, no URL, or its driver is not installed.
        """
        options = conf.database
        if not options.connection:
            raise ValueError("[database] connection is not set.")
        try:
            return cls(
                options.connection if patient else impatient(options.connection),
                max_pool_size=options.max_pool_size,
                max_overflow=options.max_overflow,
                pool_timeout=options.pool_timeout or 5,
                connection_recycle_time=options.connection_recycle_time,
                mysql_sql_mode=options.mysql_sql_mode,
                mysql_wsrep_sync_wait=options.mysql_wsrep_sync_wait,
            )
        except (sa.exc.ArgumentError, ImportError) as error:
            known = "mysql+pymysql://, postgresql+psycopg2:// or sqlite:///"
            raise ValueError(f"[database] connection cannot be used: {error}. It begins with {known}.") from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that writes: committed at the end, rolled back by any exception."""
        with self.engine.connect() as conn, conn.execution_options(begin="IMMEDIATE").begin():
            yield conn

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One transaction that only reads."""
        with self.engine.connect() as conn, conn.begin():
            yield conn

    def transact(self, work: Callable[[sa.Connection], T]) -> T:
        """Run the work in a writing transaction, again a few times after a deadlock or a lost connection.

        :raises Unavailable: when the database stays away.
        """
        return self._again(self.write, work)

    def query(self, work: Callable[[sa.Connection], T]) -> T:
        """Run the work in a reading transaction, again after a lost connection.

        :raises Unavailable: when the database stays away.
        """
        return self._again(self.read, work)

    def _again(self, begin: Callable[[], Any], work: Callable[[sa.Connection], T]) -> T:
        retry = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(AWAY),
            stop=tenacity.stop_after_attempt(5) | tenacity.stop_after_delay(1.5 * PATIENCE),
            wait=tenacity.wait_random_exponential(multiplier=0.02, max=0.3),
            reraise=True,
        )
        try:
            for attempt in retry:
                with attempt, begin() as conn:
                    return work(conn)
        except AWAY as error:
            LOG.warning("The database is away: %s", error)
            raise Unavailable("The database does not answer.") from error
        raise AssertionError("tenacity reraises")

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def told(error: BaseException) -> str:
    """What one of FAILURES comes to, for an operator: a sentence without the statement."""
    chain = [error]
    # oslo.db's error holds SQLAlchemy's, which holds the driver's.
    while (inner := getattr(chain[-1], "inner_exception", None) or getattr(chain[-1], "orig", None) or chain[-1].__cause__) is not None:
        if inner in chain:
            break
        chain.append(inner)
    codes = {code for link in chain for code in (getattr(link, "pgcode", None), *link.args[:1]) if isinstance(code, str | int)}
    if codes & _MISSING or any(words in str(chain[-1]) for words in _NO_SUCH):
        return "The tables are not those of this release: run baremetal-svc-manage db sync."
    said = chain[1] if isinstance(error, Unavailable) and len(chain) > 1 else error
    return f"The database cannot be used: {str(said).splitlines()[0]}"


def impatient(url: str) -> str:
    """The URL with limits of time for answers, where it has none of its own."""
    parsed = sa.make_url(url)
    limits = _LIMITS.get(parsed.get_backend_name(), {})
    missing = {name: seconds for name, seconds in limits.items() if name not in parsed.query}
    return parsed.update_query_dict(missing).render_as_string(hide_password=False)


def _server(url: str, mysql_sql_mode: str | None = "TRADITIONAL", **options: Any) -> sa.Engine:
    # No retry at connect: a database that is away must be an answer within seconds, callers decide how often to ask again.
    # No pause at each return to the pool either, which lets other greenthreads run: there are none.
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "mariadb":
        # The same to SQLAlchemy; oslo.db tells errors apart for the other name only.
        parsed = parsed.set(drivername=parsed.drivername.replace("mariadb", "mysql", 1))
    if parsed.get_backend_name() == "mysql" and "charset" not in parsed.query:
        # oslo.db's own default is utf8, which has no characters beyond the first plane.
        parsed = parsed.update_query_dict({"charset": "utf8mb4"})
    engine = engines.create_engine(parsed, max_retries=0, thread_checkin=False, mysql_sql_mode=mysql_sql_mode, **options)
    # Once for each connection: as an execution option of the engine it is set and reset in every transaction, four statements more.
    sa.event.listen(engine, "connect", lambda connection, record: _set_session(engine.dialect, connection))
    return engine


def _set_session(dialect: sa.Dialect, connection: Any) -> None:
    dialect.set_isolation_level(connection, "READ COMMITTED")
    # MySQL refuses its one: there is nothing to connect to it for.
    with connection.cursor() as cursor:
        cursor.execute(_END_ABANDONED[dialect.name])
    # What is set in a transaction that is rolled back is not set.
    connection.commit()


def _sqlite(url: str) -> sa.Engine:
    # Not oslo.db's own SQLite engine: it emits a plain BEGIN for everybody and opens the file anew for each connection.
    engine = sa.create_engine(url, pool_size=20, max_overflow=20, pool_timeout=10)
    exc_filters.register_engine(engine)
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


def _sqlite_begin(conn: sa.Connection) -> None:
    conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("begin") == "IMMEDIATE" else "BEGIN")
