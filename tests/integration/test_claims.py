# SPDX-License-Identifier: Apache-2.0
"""Claims of one moment on real MariaDB and PostgreSQL: nobody waits, nothing but nodes is locked, and three statements do."""

import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from baremetal_svc.db import migration, nodes, pools
from baremetal_svc.db.models import Offer
from baremetal_svc.db.session import Database
from baremetal_svc.scheduler import claim as scheduler
from baremetal_svc.scheduler.claim import Request, claim_nodes
from benchmarks import fleet
from devstack.local import services

pytestmark = pytest.mark.skipif("BAREMETAL_SVC_REAL" not in os.environ, reason="needs the real services: tools/test integration")
#: So many that MariaDB finds the offers of a node by their index: of a smaller table it reads all, and waits for whoever has locked some.
NAME, NODES = "bms_claims", 100
REQUEST = Request([pools.DEFAULT_ID], fleet.CLASS, grouped=False)


@pytest.fixture(params=["mysql", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    url = services.create_database(request.param, NAME)
    migration.sync(url)
    found = Database(url)
    fleet.write(found, NODES)
    yield found
    found.close()
    services.drop_database(request.param, NAME)


def claim(conn: Connection, *servers: str, least: int = 1) -> int:
    return claim_nodes(conn, servers, REQUEST, project_id="p", least=least, generation=1, skips_locked=True)


def offered(conn: Connection) -> set[str]:
    """Ids of the nodes on offer, read under lock: what another has locked would be missing."""
    return set(conn.execute(sa.select(Offer.node_id).with_for_update(skip_locked=True)).scalars())


def test_a_claim_is_three_statements(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # One that begins behind the last offer asks again.
    monkeypatch.setattr(scheduler._RANDOM, "randrange", lambda stop: 0)
    said: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *args: said.append(args[2].split()[0]))
    with database.write() as conn:
        assert claim(conn, "one") == 1
    assert said == ["SELECT", "DELETE", "INSERT"]


def test_claimers_of_one_moment_do_not_wait_for_each_other(database: Database) -> None:
    """Three transactions that are all open: one that waited for another would do so until the server loses patience."""
    with database.write() as first, database.write() as second, database.write() as third:
        assert claim(first, "a", "b", "c") == 3
        assert claim(second, "d", "e") == 2
        assert claim(third, "f", "g", "h") == 3
    with database.read() as conn:
        assert len(offered(conn)) == NODES - 8


def test_what_a_claim_looks_at_is_not_locked(database: Database) -> None:
    with database.write() as first, database.write() as second:
        assert claim(first, "a") == 1
        assert len(offered(second)) == NODES - 1
        every = second.execute(sa.select(Offer.node_id)).scalars().all()
        assert len(nodes.lock(second, sorted(set(every)), skip_locked=True)) == NODES - 1


def test_what_was_picked_for_too_few_is_on_offer_again(database: Database) -> None:
    with database.write() as conn:
        assert claim(conn, *(f"s{number}" for number in range(NODES + 1)), least=NODES + 1) == 0
    with database.read() as conn:
        assert len(offered(conn)) == NODES
