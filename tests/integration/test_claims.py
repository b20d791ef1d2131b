# SPDX-License-Identifier: Apache-2.0
"""Claims of one moment on real MariaDB and PostgreSQL: nobody waits, nothing but nodes is locked, and one or two statements do."""

import os
import threading
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from oslo_db.exception import DBDuplicateEntry
from sqlalchemy import Connection

from baremetal_svc.db import claims, first_claim, migration, nodes, pools
from baremetal_svc.db.models import Claim, Offer
from baremetal_svc.db.session import Database
from baremetal_svc.scheduler import claim as scheduler
from baremetal_svc.scheduler.claim import Request, claim_nodes
from benchmarks import fleet
from devstack.local import services
from devstack.local.waiting import until

pytestmark = pytest.mark.skipif("BAREMETAL_SVC_REAL" not in os.environ, reason="needs the real services: tools/test integration")
#: So many that MariaDB finds the offers of a node by their index: of a smaller table it reads all, and waits for whoever has locked some.
NAME, NODES = "bms_claims", 100
REQUEST = Request([pools.DEFAULT_ID], fleet.CLASS, grouped=False)
OFFER = {"pool_id": pools.DEFAULT_ID, "resource_class": fleet.CLASS, "rank": 0, "rnd": 2**30}
LATE = {"id": "c", "server_id": "late", "project_id": "p", "generation": 1}


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


def test_a_claim_is_one_statement_or_two(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # One that begins behind the last offer asks again.
    monkeypatch.setattr(scheduler._RANDOM, "randrange", lambda stop: 0)
    said: list[str] = []
    sa.event.listen(database.engine, "before_cursor_execute", lambda *args: said.append(args[2].split()[0]))
    with database.write() as conn:
        assert claim(conn, "one") == 1
    assert said == {"postgresql": ["WITH"], "mysql": ["INSERT", "DELETE"]}[database.engine.dialect.name]


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


def test_an_offer_that_should_not_be_there_gives_nobody_a_node_twice(database: Database) -> None:
    """What one that has read the offers before their node was claimed sees: the transaction goes on, and finds that there is none."""
    with database.write() as conn:
        for number in range(NODES):
            assert claim(conn, f"s{number}") == 1
        held = conn.execute(sa.select(Claim.node_id).where(Claim.server_id == "s0")).scalar()
        conn.execute(
            sa.insert(Offer), {"pool_id": pools.DEFAULT_ID, "resource_class": fleet.CLASS, "rank": 0, "rnd": 2**30, "node_id": held}
        )
        assert claim(conn, "late") == 0
        with pytest.raises(DBDuplicateEntry), conn.begin_nested():
            first_claim.take(conn, REQUEST.offers(pools.DEFAULT_ID), 0, LATE)
            claims.insert(conn, [{**LATE, "node_id": held, "pool_id": pools.DEFAULT_ID}])


def test_a_server_holds_one_node(database: Database) -> None:
    with database.write() as conn:
        assert claim(conn, "one") == 1
    with pytest.raises(DBDuplicateEntry), database.write() as conn:
        claim(conn, "one")


@pytest.mark.parametrize("database", ["mysql"], indirect=True)
def test_a_node_that_is_taken_off_offer_between_look_and_lock_is_let_go(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """By one that did not wait for its lock; PostgreSQL, which does all of it in one statement, leaves no room for that."""
    monkeypatch.setattr(first_claim, "_OFFERED", first_claim._OFFERED.where(sa.false()))
    with database.write() as conn:
        assert not first_claim.take(conn, REQUEST.offers(pools.DEFAULT_ID), 0, LATE)
        assert conn.execute(sa.select(sa.func.count()).select_from(Claim)).scalar() == 0
        assert claim(conn, "late") == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_offers_made_since_the_statement_began_go_as_well(database: Database) -> None:
    """On PostgreSQL, whose statements see what was there when they began: the function that they call sees more."""
    turn, gone = 20, []
    node_id = database.query(lambda conn: conn.execute(sa.select(Offer.node_id).limit(1)).scalar())
    asked = sa.text(f"SELECT take_off_offer(:node) FROM (SELECT pg_advisory_xact_lock({turn}) OFFSET 0) AS waited")
    waits = sa.text(f"SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = {turn} AND NOT granted")
    taker = threading.Thread(target=lambda: gone.append(database.transact(lambda conn: conn.execute(asked, {"node": node_id}).scalar())))
    with database.write() as first, database.write() as second:
        first.execute(sa.text(f"SELECT pg_advisory_xact_lock({turn})"))
        taker.start()
        assert until(lambda: database.query(lambda conn: conn.execute(waits).scalar()), 10)
        second.execute(sa.insert(Offer), {**OFFER, "node_id": node_id})
        second.commit()
        first.commit()
    taker.join(10)
    assert gone == [True]
    with database.read() as conn:
        assert node_id not in offered(conn)
