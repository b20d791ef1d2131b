# SPDX-License-Identifier: Apache-2.0
"""Lists of servers, by the database; integration/test_databases.py has the same on MariaDB and PostgreSQL."""

from pathlib import Path

from baremetal_svc.db import migration
from baremetal_svc.db.session import Database
from tests.fixtures import listed


def test_a_list_has_of_each_server_what_a_single_look_has(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/service.sqlite")
    migration.sync(database.engine)
    listed.check(database)
    database.close()
