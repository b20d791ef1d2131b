# SPDX-License-Identifier: Apache-2.0
"""Migrations make what the models say, once, on SQLite; tests/integration/test_databases.py says the same of the servers."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from baremetal_svc.conductor import persistence
from baremetal_svc.db import migration, pools
from baremetal_svc.db.models import Model
from baremetal_svc.db.session import Database


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/service.db"


def differences(engine: sa.Engine) -> list[object]:
    """What would have to be changed so that the database is what the models say."""
    options = {"include_name": lambda name, kind, parents: kind != "table" or name in Model.metadata.tables}
    with engine.connect() as conn:
        return compare_metadata(MigrationContext.configure(conn, opts=options), Model.metadata)


def test_migrations_equal_models(url: str) -> None:
    database = Database(url)
    assert migration.sync(database.engine) == migration.head()
    assert differences(database.engine) == []
    database.close()


def test_there_is_one_head_and_the_database_reaches_it(url: str) -> None:
    assert migration.current(url) is None
    migration.sync(url)
    assert migration.current(url) == migration.head()


def test_syncing_again_changes_nothing(url: str) -> None:
    database = Database(url)
    migration.sync(database.engine)
    with database.write() as conn:
        pools.insert(conn, {"id": "p", "name": "mine", "description": "", "all_of": ["fast"], "any_of": [], "none_of": []})
    migration.sync(database.engine)
    assert {pool["name"] for pool in database.query(lambda conn: pools.page(conn, limit=9, marker=None))} == {"default", "mine"}
    database.close()


def test_the_default_pool_is_the_one_that_the_code_names(url: str) -> None:
    database = Database(url)
    migration.sync(database.engine)
    pool = database.query(lambda conn: pools.get(conn, pools.DEFAULT_ID))
    database.close()
    assert pool is not None
    assert (pool["name"], pool["all_of"], pool["any_of"], pool["none_of"]) == ("default", [], [], [])
    assert pool["created_at"] > 1_700_000_000


def test_taskflow_has_its_tables(url: str) -> None:
    database = Database(url)
    migration.sync(database.engine)
    assert set(sa.inspect(database.engine).get_table_names()) >= set(persistence.METADATA.tables)
    database.close()


def test_many_may_sync_at_once(url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(migration.sync, [url] * 4)) == {migration.head()}


def test_on_mysql_every_table_is_binary_utf8() -> None:
    for table in Model.metadata.tables.values():
        options = [table.dialect_options["mysql"][name] for name in ("engine", "charset", "collate")]
        assert options == ["InnoDB", "utf8mb4", "utf8mb4_bin"], table.name
    # Tables are made through this engine, whichever name the URL has.
    database = Database("mariadb+pymysql://user:secret@127.0.0.1:1/none")
    assert database.engine.dialect.name == "mysql"
    database.close()
