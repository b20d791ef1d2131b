# SPDX-License-Identifier: Apache-2.0
"""64 clients at once ask for batches with rules in a small pool, of two conductors on the real databases; a watcher writes down what it
sees, and history.py judges it."""

import functools
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

# First: it chooses the threading backend of oslo.service.
from tests.fixtures.service import Service  # isort: skip

import pytest
import sqlalchemy as sa

from baremetal_svc.db import groups, models
from baremetal_svc.features.servers import tasks
from baremetal_svc.scheduler import reserving
from baremetal_svc.scheduler.claim import Request
from devstack.local import services
from tests.fixtures.cluster import wait_for
from tests.fixtures.history import APART, Sample, Tried, World, broken, promises_broken, refused

CLIENTS, LEAST, MOST_SECONDS = 64, 20, 300.0
#: Clients that reserve, how many machines each, and how often they have to have used them.
HOLDERS, RESERVED, HELD = 4, 3, 3
#: A batch keeps its machines for longer than history.py allows samples to be apart.
KEPT = APART + 0.5
RACKS, IN_EACH = 8, 5
RULES: tuple[dict[str, Any], ...] = (
    {"policies": ["anti-affinity"], "level": "rack"},
    {"policies": ["anti-affinity"], "level": "rack", "max_per_domain": 2},
    {"policies": ["affinity"], "level": "rack"},
)
_OFFERS = sa.select(models.Offer.node_id).distinct()
_MEMBERS = sa.select(models.GroupMember.server_id, models.GroupMember.group_id)
_RESERVED = sa.select(models.ReservedNode.node_id, models.ReservedNode.reservation_id)
_USES = sa.select(models.Server.id, models.Server.reservation_id).where(models.Server.reservation_id.is_not(None))
_HELD = sa.select(models.Claim.node_id, models.Claim.live_server).where(models.Claim.state == "live")


@pytest.fixture(params=["mysql", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Service]:
    services.up("mariadb" if request.param == "mysql" else "postgresql")
    made = Service(tmp_path, url=services.create_database(request.param, "linearizable"))
    # A machine that is given back is on offer again after a lease and a time limit: soon.
    for name, value in {"lease": 5.0, "listing_interval": 0.5, "workers": 8}.items():
        made.conf.set_override(name, value, "conductor")
    for group, name, value in (
        ("ironic", "timeout", 0.4),
        ("neutron", "timeout", 0.4),
        ("quotas", "servers", -1),
        ("quotas", "reserved_nodes", -1),
    ):
        made.conf.set_override(name, value, group)
    yield made
    made.close()


class Watcher(threading.Thread):
    """Samples, one after the other until stopped. ``groups``: server id -> group id of every server that was a member.

    ``uses``: server id -> reservation id of every server that used one.
    """

    def __init__(self, url: sa.URL) -> None:
        super().__init__()
        # All selects of a sample see the same moment.
        self._engine = sa.create_engine(url, isolation_level="REPEATABLE READ")
        self.groups: dict[str, str] = {}
        self.uses: dict[str, str] = {}
        self.stopped = threading.Event()
        self.samples: list[Sample] = []
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self.stopped.wait(0.02):
                begin = time.monotonic()
                with self._engine.connect() as conn:
                    offers = frozenset(conn.execute(_OFFERS).scalars())
                    held = frozenset((row.node_id, row.live_server) for row in conn.execute(_HELD))
                    reserved = frozenset(conn.execute(_RESERVED).tuples())
                    self.groups.update(dict(conn.execute(_MEMBERS).tuples().all()))
                    self.uses.update(dict(conn.execute(_USES).tuples().all()))
                self.samples.append(Sample(begin, time.monotonic(), offers, held, reserved))
        except sa.exc.SQLAlchemyError as error:
            self.failure = error
        self._engine.dispose()


class Client(threading.Thread):
    """Asks for a batch, waits until each of it has a machine or none, gives it back, and again."""

    def __init__(self, service: Service, body: dict[str, Any], names: Sequence[str], seed: int, enough: threading.Event) -> None:
        super().__init__()
        self._service, self._body, self._names, self._enough = service, body, names, enough
        self._dice = random.Random(seed)
        self.batches = 0
        self.failure: BaseException | None = None

    def run(self) -> None:
        try:
            while not self._enough.is_set():
                self._round()
        except BaseException as error:
            self.failure = error
            raise

    def _round(self) -> None:
        # One to five, few more often than many: what is refused costs as much as what is served.
        least = self._dice.choice((1, 1, 1, 2, 3))
        batch = {"min_count": least, "max_count": least + self._dice.choice((0, 0, 0, 1, 2)), "name": f"c{self._dice.getrandbits(64):x}"}
        asked: dict[str, Any] = {"server": {**self._body["server"], **batch}}
        if (group := self._dice.choice((None, *self._names))) is not None:
            asked["scheduler_hints"] = {"group": group}
        begin = time.monotonic()
        status = self._service.call("POST", "/v1/servers", asked).status
        # A group with many members can be told at once that it has no room.
        assert status == 201 or (status == 400 and group is not None), status
        self.batches += status == 201
        if status != 201:
            return
        found = self._ended(batch["name"])
        # Those who were refused come back later than those who have used what they got; where all is slow, later still: else what is
        # given back has to wait behind ever more creates.
        later = max(self._dice.uniform(8, 20), 2 * (time.monotonic() - begin))
        self._enough.wait(KEPT if "active" in found.values() else later)
        self._give_back(found)

    def _ended(self, batch: str) -> dict[str, str]:
        """Status by id of the servers of a batch, once none is building; {} when all is over.

        Out of the rows: 64 that ask the API all the time leave the conductors, which are in this process, little of it.
        """
        ours = sa.select(models.Server.id, models.Server.status).where(models.Server.name.startswith(batch))
        while "building" in (found := dict(self._service.db.query(lambda conn: conn.execute(ours).tuples().all()))).values():
            if self._enough.wait(self._dice.uniform(0.5, 1)):
                return {}
        return found

    def _give_back(self, server_ids: Iterable[str]) -> None:
        for server_id in server_ids:
            assert self._service.call("DELETE", f"/v1/servers/{server_id}").status == 204


class Holder(Client):
    """Reserves machines, has a batch on all of them, gives them back, and again."""

    def _round(self) -> None:
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        asked = {"name": "r", "flavor_uuid": self._body["server"]["flavor_uuid"], "count": RESERVED, "until": until}
        reply = self._service.call("POST", "/v1/reservations", asked)
        assert reply.status in (201, 409), reply.raw
        if reply.status == 409:
            self._enough.wait(self._dice.uniform(0.5, 2))
            return
        made = reply.json["uuid"]
        batch = {"min_count": RESERVED, "max_count": RESERVED, "name": f"h{self._dice.getrandbits(64):x}"}
        hinted = {"server": {**self._body["server"], **batch}, "scheduler_hints": {"reservation": made}}
        assert self._service.call("POST", "/v1/servers", hinted).status == 201
        if not (found := self._ended(batch["name"])):
            return
        assert list(found.values()) == ["active"] * RESERVED
        self.batches += 1
        self._give_back(found)
        self._enough.wait(KEPT)
        assert self._service.call("DELETE", f"/v1/reservations/{made}").status == 204


def _noted(tried: list[Tried], claim: Callable[..., int]) -> Callable[..., int]:
    """The claim, and a note of it; of which group the servers are is read in its own transaction."""

    @functools.wraps(claim)
    def noting(conn: sa.Connection, server_ids: Sequence[str], request: Request, *, least: int, **options: Any) -> int:
        begin = time.monotonic()
        taken = claim(conn, server_ids, request, least=least, **options)
        if request.reservation_id is not None:
            # Not out of the offers; its holder looks whether it got them.
            return taken
        end = time.monotonic()
        group = groups.of_server(conn, server_ids[0])
        nodes = frozenset(conn.execute(_HELD.where(models.Claim.live_server.in_(server_ids))).scalars())
        assert len(nodes) == taken
        tried.append(Tried(begin, end, None if group is None else group["id"], len(server_ids), least, nodes))
        return taken

    return noting


def _bound(tried: list[Tried], bind: Callable[..., int]) -> Callable[..., int]:
    """The binding of nodes to a reservation, and a note of it."""

    @functools.wraps(bind)
    def noting(conn: sa.Connection, reservation: Any, count: int, *, least: int, **options: Any) -> int:
        begin = time.monotonic()
        taken = bind(conn, reservation, count, least=least, **options)
        end = time.monotonic()
        nodes = frozenset(conn.execute(_RESERVED.where(models.ReservedNode.reservation_id == reservation["id"])).scalars())
        tried.append(Tried(begin, end, None, count, least, nodes))
        return taken

    return noting


def test_no_node_twice_no_broken_rule_no_needless_refusal(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for rack in range(RACKS):
        service.world.add_nodes(IN_EACH, properties={"failure_domain": f"dc/room/row/rack{rack}"})
    body = service.prepared(nodes=0)
    names = [service.call("POST", "/v1/server_groups", {"name": f"g{n}", **rule}).json["uuid"] for n, rule in enumerate(RULES * 2)]
    tried: list[Tried] = []
    monkeypatch.setattr(tasks, "claim_nodes", _noted(tried, tasks.claim_nodes))
    bound: list[Tried] = []
    monkeypatch.setattr(reserving, "bind", _bound(bound, reserving.bind))
    conductors = [service.new_conductor(name) for name in ("one", "two")]
    watcher = Watcher(service.db.engine.url)
    enough = threading.Event()
    holders = [Holder(service, body, (), seed, enough) for seed in range(HOLDERS)]
    clients = [*holders, *(Client(service, body, names, seed, enough) for seed in range(CLIENTS - HOLDERS))]
    for thread in (*conductors, watcher, *clients):
        thread.start()
    try:
        wait_for(
            "claims", lambda: min(_counts(tried)) > 1.2 * LEAST and sum(one.batches for one in holders) >= HELD, MOST_SECONDS, pause=0.5
        )
    finally:
        enough.set()
        for client in clients:
            client.join()
        watcher.stopped.set()
        watcher.join()
        for conductor in conductors:
            conductor.stop()
    assert [thread.failure for thread in (watcher, *clients) if thread.failure is not None] == []
    print(f"{sum(client.batches for client in clients)} batches")
    _judge(service, watcher, [*tried, *bound], names)
    assert list(promises_broken(watcher.samples, watcher.uses, RESERVED))[:5] == []
    assert any(sample.reserved for sample in watcher.samples)
    print(f"{sum(one.batches for one in holders)} batches on reservations, {len(bound)} asked for")


def _counts(tried: Sequence[Tried]) -> tuple[int, int]:
    """Claims that were served in full, and those that were not."""
    full = sum(one.taken == one.asked for one in tuple(tried))
    return full, len(tried) - full


def _judge(service: Service, watcher: Watcher, tried: Sequence[Tried], names: Sequence[str]) -> None:
    with service.db.read() as conn:
        places = {row.id: row.failure_domain for row in conn.execute(sa.select(models.Node.id, models.Node.failure_domain))}
        rules = {name: groups.rule_of(groups.get(conn, name)) for name in names}
    world = World(places, rules)
    judged, wrong = refused(world, watcher.samples, tried, watcher.groups)
    full, short = _counts(tried)
    print(f"{full} claims in full, {short} refused in whole or in part, {judged} of these judged, {len(watcher.samples)} samples")
    assert list(broken(world, watcher.samples, watcher.groups))[:5] == [] == wrong[:5]
    # It was no empty exercise.
    assert min(full, judged) >= LEAST
