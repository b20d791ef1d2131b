# SPDX-License-Identifier: Apache-2.0
"""Migrations on real MariaDB and PostgreSQL: they equal the models, and processes that sync at once do not disturb each other."""

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from oslo_config import cfg
from oslo_db.exception import DBDuplicateEntry

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import manage
from baremetal_svc.conductor import persistence
from baremetal_svc.db import engines, migration, nodes, pools
from baremetal_svc.db.engines import ABANDONED, PATIENCE, impatient
from baremetal_svc.db.models import Model, PoolMember
from baremetal_svc.db.session import Database
from baremetal_svc.domain.errors import Unavailable
from benchmarks import fleet
from devstack.local import services
from tests.fixtures import listed

pytestmark = pytest.mark.skipif("BAREMETAL_SVC_REAL" not in os.environ, reason="needs the real services: tools/test integration")
NAME = "bms_migrations"
NUMBER = {"mysql": "SELECT connection_id()", "postgresql": "SELECT pg_backend_pid()"}
KILL = {"mysql": "KILL {}", "postgresql": "SELECT pg_terminate_backend({}, 5000)"}
SYNC = "import sys; from baremetal_svc.db import migration; print(migration.sync(sys.argv[1]))"


@pytest.fixture(params=["mysql", "mysql+mysqldb", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    kind, _, driver = request.param.partition("+")
    made = sa.make_url(services.create_database(kind, NAME))
    yield made.set(drivername=request.param if driver else made.drivername).render_as_string(hide_password=False)
    services.drop_database(kind, NAME)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    found = Database(url)
    yield found
    found.close()


def differences(engine: sa.Engine) -> list[object]:
    """What would have to be changed so that the database is what the models say."""
    options = {"include_name": lambda name, kind, parents: kind != "table" or name in Model.metadata.tables}
    with engine.connect() as conn:
        return compare_metadata(MigrationContext.configure(conn, opts=options), Model.metadata)


def collations(conn: sa.Connection) -> set[tuple[str, str]]:
    """(engine, collation) of our tables in MariaDB."""
    query = "SELECT table_name, engine, table_collation FROM information_schema.tables WHERE table_schema = DATABASE()"
    return {(engine, collation) for name, engine, collation in conn.execute(sa.text(query)) if name in Model.metadata.tables}


def test_a_command_on_a_database_that_was_never_synced_says_what_to_do(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    conf = configuration.register(cfg.ConfigOpts())
    conf.register_cli_opt(manage.TOPIC)
    conf(["db", "purge", "--days", "1"], project="baremetal_svc", default_config_files=[])
    conf.set_override("connection", url, "database")
    assert manage.run(conf) == 1
    assert capsys.readouterr().err == "The tables are not those of this release: run baremetal-svc-manage db sync.\n"


def test_migrations_equal_models(database: Database) -> None:
    assert migration.sync(database.engine) == migration.head()
    assert differences(database.engine) == []
    assert set(sa.inspect(database.engine).get_table_names()) >= set(persistence.METADATA.tables)
    if database.engine.dialect.name == "mysql":
        assert database.query(collations) == {("InnoDB", "utf8mb4_bin")}


def test_syncing_again_changes_nothing(database: Database) -> None:
    migration.sync(database.engine)
    with database.write() as conn:
        pools.insert(conn, {"id": "p", "name": "DEFAULT", "description": "", "all_of": ["ü"], "any_of": [], "none_of": []})
    assert migration.sync(database.engine) == migration.current(database.engine)
    found = {pool["name"]: pool for pool in database.query(lambda conn: pools.page(conn, limit=9, marker=None))}
    # Names that differ in case are two.
    assert set(found) == {"default", "DEFAULT"}
    assert (found["default"]["id"], found["default"]["none_of"], found["DEFAULT"]["all_of"]) == (pools.DEFAULT_ID, [], ["ü"])
    assert abs(found["default"]["created_at"] - found["DEFAULT"]["created_at"]) < 60


def test_a_list_has_of_each_server_what_a_single_look_has(database: Database) -> None:
    migration.sync(database.engine)
    listed.check(database)


def test_lists_are_whole_whatever_the_server_takes_for_long() -> None:
    services.up("mariadb")
    found = Database(services.create_database("mysql", NAME))
    with found.read() as conn:
        before = conn.exec_driver_sql("SELECT @@GLOBAL.group_concat_max_len").scalar_one()
        conn.exec_driver_sql("SET GLOBAL group_concat_max_len = 64")
    # Who connects from now on would have it.
    found.engine.dispose()
    try:
        migration.sync(found.engine)
        listed.check(found)
    finally:
        with found.read() as conn:
            conn.exec_driver_sql(f"SET GLOBAL group_concat_max_len = {before}")
        found.close()
        services.drop_database("mysql", NAME)


def test_processes_may_sync_at_once(url: str) -> None:
    command = [sys.executable, "-W", "ignore", "-c", SYNC, url]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        said, complained = process.communicate(timeout=120)
        assert (process.returncode, said.strip()) == (0, migration.head()), complained


def test_a_url_may_call_it_mariadb() -> None:
    """What is refused is told apart as well: oslo.db does so for the other name only."""
    services.up("mariadb")
    found = Database(impatient(services.create_database("mysql", NAME).replace("mysql+", "mariadb+", 1)))
    try:
        assert migration.sync(found.engine) == migration.head()
        assert differences(found.engine) == []
        again = {"id": "p", "name": "default", "description": "", "all_of": [], "any_of": [], "none_of": []}
        with pytest.raises(DBDuplicateEntry):
            found.transact(lambda conn: pools.insert(conn, again))
    finally:
        found.close()
        services.drop_database("mysql", NAME)


def test_a_server_that_does_not_answer_is_away() -> None:
    """Frozen, it takes connections and says nothing: that held every thread for as long as it lasted."""
    services.up("mariadb")
    url, number = services.create_database("mysql", NAME), services.pid("mariadb")
    assert number is not None
    found = Database(impatient(url))
    try:
        assert found.query(lambda conn: conn.execute(sa.select(1)).scalar()) == 1
        os.kill(number, signal.SIGSTOP)
        try:
            begin = time.monotonic()
            with pytest.raises(Unavailable):
                found.query(lambda conn: conn.execute(sa.select(1)).scalar())
            # The driver waits as long once more for the end of the transaction.
            assert time.monotonic() - begin < 2 * PATIENCE + 5
        finally:
            os.kill(number, signal.SIGCONT)
        assert found.query(lambda conn: conn.execute(sa.select(1)).scalar()) == 1
    finally:
        found.close()
        services.drop_database("mysql", NAME)


def test_a_process_that_is_stopped_in_a_transaction_keeps_its_rows_for_seconds(database: Database) -> None:
    """The database ends the transaction; when the process comes back it begins it anew, on what is there by then."""
    migration.sync(database.engine)
    locked, back, seen = threading.Event(), threading.Event(), []

    def work(conn: sa.Connection) -> None:
        seen.append(pools.get(conn, pools.DEFAULT_ID, lock=True)["description"])
        locked.set()
        back.wait(60)
        pools.set_columns(conn, pools.DEFAULT_ID, description=f"after {seen[-1]}")

    stopped = threading.Thread(target=database.transact, args=(work,))
    stopped.start()
    assert locked.wait(10)
    begin = time.monotonic()
    database.transact(lambda conn: pools.set_columns(conn, pools.DEFAULT_ID, description="the other"))
    assert time.monotonic() - begin < ABANDONED + 3
    back.set()
    stopped.join()
    assert seen[1:] == ["the other"]
    assert database.query(lambda conn: pools.get(conn, pools.DEFAULT_ID))["description"] == "after the other"


def number(conn: sa.Connection) -> int:
    """What the server calls this connection."""
    return int(conn.exec_driver_sql(NUMBER[conn.dialect.name]).scalar_one())


@pytest.mark.parametrize("fresh", [0.0, 3600.0])
def test_a_connection_that_died_in_the_pool_is_nobodys_failure(database: Database, monkeypatch: pytest.MonkeyPatch, fresh: float) -> None:
    """Asked when it has lain for a while; when not, whoever gets it begins again on a new one."""
    monkeypatch.setattr(engines, "FRESH", fresh)
    first, other = database.query(number), Database(database.engine.url.render_as_string(hide_password=False))
    other.query(lambda conn: conn.exec_driver_sql(KILL[conn.dialect.name].format(first)))
    other.close()
    if not fresh:
        with database.read() as conn:
            assert number(conn) != first
    assert database.transact(number) != first


def test_a_forked_process_has_connections_of_its_own(database: Database) -> None:
    fork = multiprocessing.get_context("fork")
    told = fork.Queue()
    first = database.query(number)
    child = fork.Process(target=lambda: told.put(database.query(number)))
    child.start()
    assert told.get(timeout=30) != first
    child.join()
    assert database.query(number) == first


def test_what_a_transaction_left_open_is_rolled_back(database: Database) -> None:
    """On its way back to the pool, by whoever forgot it."""
    migration.sync(database.engine)
    with database.engine.connect() as conn:
        first = number(conn)
        pools.set_columns(conn, pools.DEFAULT_ID, description="forgotten")
    left = database.engine.raw_connection()
    left.cursor().execute("UPDATE pools SET description = 'forgotten'")
    left.close()
    with database.read() as conn:
        assert number(conn) == first
        assert pools.get(conn, pools.DEFAULT_ID)["description"] != "forgotten"


def test_modes_of_a_session_are_those_of_the_configuration() -> None:
    services.up("mariadb")
    url = services.create_database("mysql", NAME)
    found = Database(url, mysql_sql_mode="ANSI,TRADITIONAL", mysql_wsrep_sync_wait=1)
    try:
        with found.read() as conn:
            mode, wait = conn.exec_driver_sql("SELECT @@sql_mode, @@wsrep_sync_wait").one()
        assert {"ANSI_QUOTES", "STRICT_ALL_TABLES"} <= set(mode.split(",")) and wait == 1
    finally:
        found.close()
        services.drop_database("mysql", NAME)


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_pool_that_is_edited_keeps_nobody_from_noting_its_members(database: Database) -> None:
    """Whoever notes them has the nodes locked; the edit of a pool waits for those. They waited for each other.

    MariaDB's check of a foreign key wants the row itself: there, whoever loses begins again.
    """
    migration.sync(database.engine)
    fleet.write(database, 2)
    with database.write() as first, database.write() as second:
        pools.get(first, pools.DEFAULT_ID, lock=True)
        second.execute(sa.delete(PoolMember))
        pools.join(second, [(pools.DEFAULT_ID, nodes.known_before(second, 9e9)[0])])


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_server_that_takes_no_writes_is_away(database: Database) -> None:
    """A primary of before, or one that an operator has closed; its connections are not used again when there is another."""
    migration.sync(database.engine)
    database.probe()
    name = database.engine.url.database
    with database.read() as conn:
        conn.exec_driver_sql(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    database.engine.dispose()
    for refused in (database.probe, lambda: database.transact(lambda conn: pools.set_columns(conn, pools.DEFAULT_ID, description="x"))):
        with pytest.raises(Unavailable):
            refused()
    with database.read() as conn:
        conn.exec_driver_sql("SET TRANSACTION READ WRITE")
        conn.exec_driver_sql(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
    database.transact(lambda conn: pools.set_columns(conn, pools.DEFAULT_ID, description="x"))


def test_a_schema_of_a_newer_release_is_left_alone(database: Database, capsys: pytest.CaptureFixture[str]) -> None:
    migration.sync(database.engine)
    with database.write() as conn:
        conn.exec_driver_sql(f"UPDATE {migration.VERSION_TABLE} SET version_num = '9999'")
    with pytest.raises(ValueError, match="newer release"):
        migration.sync(database.engine)


def test_a_database_without_every_character_is_refused() -> None:
    services.up("postgresql")
    url = sa.make_url(services.create_database("postgresql", NAME))
    admin = sa.create_engine(url.set(drivername="postgresql+psycopg", database="postgres"), isolation_level="AUTOCOMMIT")
    try:
        with admin.connect() as conn:
            conn.exec_driver_sql(f'DROP DATABASE "{NAME}"')
            conn.exec_driver_sql(f"CREATE DATABASE \"{NAME}\" TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'")
        with pytest.raises(ValueError, match="LATIN1"):
            migration.sync(url.render_as_string(hide_password=False))
    finally:
        admin.dispose()
        services.drop_database("postgresql", NAME)


@pytest.mark.parametrize("url", ["mysql", "postgresql"], indirect=True)
def test_a_lock_of_somebody_else_is_waited_for_for_seconds(url: str) -> None:
    """As for a server that does not answer: a request would hang for as long as it lasts."""
    found = Database(impatient(url))
    migration.sync(found.engine)
    begin = time.monotonic()
    with found.write() as conn:
        pools.get(conn, pools.DEFAULT_ID, lock=True)
        # What holds it is not idle.
        stop = threading.Event()
        busy = threading.Thread(target=lambda: [conn.execute(sa.select(1)) for _ in iter(lambda: stop.wait(1), True)])
        busy.start()
        try:
            with pytest.raises(Unavailable):
                found.transact(lambda other: pools.set_columns(other, pools.DEFAULT_ID, description="x"))
        finally:
            stop.set()
            busy.join()
    assert PATIENCE - 1 < time.monotonic() - begin < 3 * PATIENCE
    found.close()
