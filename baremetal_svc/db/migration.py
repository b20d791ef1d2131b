# SPDX-License-Identifier: Apache-2.0
"""Brings a database to the newest schema: our migrations, then TaskFlow's tables. May be run at any time, by several processes at once."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from taskflow.persistence.backends import impl_sqlalchemy
from taskflow.persistence.backends.sqlalchemy import tables

from baremetal_svc.db.session import Database

#: Not alembic's default, which TaskFlow's migrations use in the same database.
VERSION_TABLE = "baremetal_svc_alembic_version"
_CHECKOUT = Path(__file__).resolve().parents[2] / "alembic"
_INSTALLED = Path(sys.prefix) / "share" / "baremetal_svc" / "alembic"
_LOCK = "baremetal_svc.db.sync"
_PATIENCE = 120


def scripts() -> Path:
    """The directory of the migrations: the checkout's, else where the wheel put them.

    :raises FileNotFoundError: neither is there.
    """
    # By its env.py: beside an installed package stands the library alembic itself.
    for place in (_CHECKOUT, _INSTALLED):
        if (place / "env.py").is_file():
            return place
    raise FileNotFoundError(f"The migrations are neither in {_CHECKOUT} nor in {_INSTALLED}.")


def sync(target: str | Engine) -> str:
    """Bring the database (an SQLAlchemy URL or an engine of db.session) to the newest revision; which one that is.

    :raises ValueError: it is a newer release's, or cannot hold every character.
    """
    with _engine(target) as engine:
        if engine.dialect.name == "sqlite":
            # DDL is transactional here: the one writer's lock keeps the others out until all of it is done.
            with engine.connect() as conn, conn.execution_options(begin="IMMEDIATE").begin():
                _upgrade(conn)
                taskflow = sa.MetaData()
                tables.fetch(taskflow)
                taskflow.create_all(conn)
        else:
            with _alone(engine):
                with engine.connect() as conn:
                    _upgrade(conn)
                    conn.commit()
                impl_sqlalchemy.SQLAlchemyBackend({}, engine=engine).get_connection().upgrade()
    return head()


def current(target: str | Engine) -> str | None:
    """The revision of the database, None when it has none."""
    with _engine(target) as engine, engine.connect() as conn:
        return MigrationContext.configure(conn, opts={"version_table": VERSION_TABLE}).get_current_revision()


def head() -> str:
    """The newest revision that there is a script for."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    return str(found)


def config(conn: Connection | None = None) -> Config:
    """Alembic's configuration; there is no alembic.ini."""
    made = Config()
    # Alembic reads "%" in values as the start of a reference.
    made.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    made.attributes["connection"] = conn
    return made


def _upgrade(conn: Connection) -> None:
    if conn.dialect.name == "postgresql" and (encoding := conn.exec_driver_sql("SHOW server_encoding").scalar_one()) != "UTF8":
        raise ValueError(f"The database is encoded in {encoding}, which has not every character. Create it with ENCODING 'UTF8'.")
    try:
        command.upgrade(config(conn), "head")
    except CommandError as error:
        raise ValueError(f"The schema cannot be brought to this release's: {error}. Is the database one of a newer release?") from error


@contextmanager
def _engine(target: str | Engine) -> Iterator[Engine]:
    if isinstance(target, Engine):
        yield target
        return
    database = Database(target)
    try:
        yield database.engine
    finally:
        database.close()


@contextmanager
def _alone(engine: Engine) -> Iterator[None]:
    """Keep other syncs of this database out, by a lock that ends with its connection. Galera has it per node: sync through one."""
    taken, given = _lock_statements(engine.dialect.name)
    with engine.connect() as conn:
        name = f"{_LOCK}.{engine.url.database}"[:64]
        if conn.execute(taken, {"name": name, "seconds": _PATIENCE}).scalar_one() == 0:
            raise TimeoutError("Another process has been migrating this database for two minutes.")
        try:
            yield
        finally:
            conn.execute(given, {"name": name})


def _lock_statements(dialect: str) -> tuple[sa.TextClause, sa.TextClause]:
    if dialect == "postgresql":
        # The locks of PostgreSQL are numbers, of one database; it answers nothing, and waits for as long as it takes.
        number = "hashtext(:name)"
        return sa.text(f"SELECT pg_advisory_lock({number})::text"), sa.text(f"SELECT pg_advisory_unlock({number})")
    return sa.text("SELECT GET_LOCK(:name, :seconds)"), sa.text("SELECT RELEASE_LOCK(:name)")
