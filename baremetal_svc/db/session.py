# SPDX-License-Identifier: Apache-2.0
"""Transactions on a database."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import sqlalchemy as sa
import tenacity
from oslo_config import cfg
from oslo_db import exception as db_exc

from baremetal_svc.db import engines
from baremetal_svc.domain.errors import Unavailable

LOG = logging.getLogger(__name__)
T = TypeVar("T")

#: What the database raises when it is away or busy, as opposed to refusing a row.
AWAY = (db_exc.DBConnectionError, db_exc.DBNonExistentDatabase, db_exc.DBDeadlock, sa.exc.TimeoutError, sa.exc.OperationalError)
#: The same, what it refuses, and what is told to callers of the API of either.
FAILURES = (*AWAY, db_exc.DBError, sa.exc.DBAPIError, Unavailable)
#: A table or a column that is not there: PostgreSQL's codes, MySQL's, and what SQLite says.
_MISSING, _NO_SUCH = {"42P01", "42703", 1146, 1054}, ("no such table", "no such column", "has no column")
_AGAIN: dict[str, Any] = {
    "retry": tenacity.retry_if_exception_type(AWAY),
    "stop": tenacity.stop_after_attempt(5) | tenacity.stop_after_delay(1.5 * engines.PATIENCE),
    "wait": tenacity.wait_random_exponential(multiplier=0.02, max=0.3),
    "reraise": True,
}


class Database:
    """One engine, and transactions on it.

    :ivar writing: the same engine as transactions that write see it.
    """

    def __init__(self, url: str, **options: Any) -> None:
        self.engine = engines.make(url, **options)
        self.skips_locked = self.engine.dialect.name != "sqlite"
        # Only SQLite is told; each event of an engine with options of its own costs more.
        self.writing = self.engine if self.skips_locked else self.engine.execution_options(begin="IMMEDIATE")

    @classmethod
    def of(cls, conf: cfg.ConfigOpts, *, patient: bool = False) -> "Database":
        """The database that the group [database] of oslo.db names.

        :param patient: wait for an answer for as long as it takes, as commands that change tables must.
        :raises ValueError: it is not set, no URL, or its driver is not installed.
        """
        options = conf.database
        try:
            url = options.connection
        except cfg.Error as error:
            raise ValueError(f"[database] connection cannot be read: {error}. A $ in it is written $$.") from error
        if not url:
            raise ValueError("[database] connection is not set.")
        try:
            return cls(
                url if patient else engines.impatient(url),
                max_pool_size=options.max_pool_size,
                max_overflow=options.max_overflow,
                pool_timeout=options.pool_timeout or 5,
                connection_recycle_time=options.connection_recycle_time,
                mysql_sql_mode=options.mysql_sql_mode,
                mysql_wsrep_sync_wait=options.mysql_wsrep_sync_wait,
            )
        except (sa.exc.ArgumentError, ImportError, ValueError) as error:
            known = "mysql+pymysql://, mysql+mysqldb://, postgresql+psycopg:// or sqlite:///"
            raise ValueError(f"[database] connection cannot be used: {error}. It begins with {known}.") from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """One transaction that writes: committed at the end, rolled back by any exception."""
        with self.writing.connect() as conn, conn.begin():
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
        try:
            for attempt in tenacity.Retrying(**_AGAIN):
                with attempt, begin() as conn:
                    return work(conn)
        except AWAY as error:
            LOG.warning("The database is away: %s", error)
            # To MariaDB's driver a wait for somebody's lock looks like a server that is frozen.
            raise Unavailable("The database does not answer in time: it is away, or a long change of others has to end first.") from error
        raise AssertionError("tenacity reraises")

    def probe(self) -> None:
        """Ask whether it answers and takes writes. :raises Unavailable:"""
        nothing = sa.text("UPDATE pools SET name = name WHERE 1 = 0")
        # SQLite would have to wait for its one writer, and is read-only when its disk is.
        self._again(
            self.write if self.skips_locked else self.read, lambda conn: conn.execute(nothing if self.skips_locked else sa.select(1))
        )

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
    codes = {code for link in chain for code in (getattr(link, "sqlstate", None), *link.args[:1]) if isinstance(code, str | int)}
    if codes & _MISSING or any(words in str(chain[-1]) for words in _NO_SUCH):
        return "The tables are not those of this release: run baremetal-svc-manage db sync."
    said = chain[1] if isinstance(error, Unavailable) and len(chain) > 1 else error
    return f"The database cannot be used: {str(said).splitlines()[0]}"
