# SPDX-License-Identifier: Apache-2.0
"""Configured weighers in claims and dry runs, the record of them, and what they cost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa

from baremetal_svc.db import faults, machines, models
from baremetal_svc.domain.ranking import NEEDS
from baremetal_svc.scheduler import claim, ranking
from baremetal_svc.scheduler.claim import Request
from tests.fixtures import drifting
from tests.fixtures.service import ADMIN, DEFAULT_POOL, Service

NODE = models.Node.__table__.c


def _rank(service: Service, *weighers: str) -> None:
    """Start API and conductor anew with these weighers."""
    service.conf.set_override("weighers", list(weighers), "scheduler")
    service.configure()
    service.conductor = service.new_conductor("conductor-2")
    service.runner, service.claims = service.conductor._runner, service.conductor._claims


def _create(service: Service, body: Any) -> tuple[str, str]:
    """The name of the machine that a dry run tells of, and of the one that the create then gets."""
    foreseen = service.call("POST", "/v1/scheduling/dry-run", body, token=ADMIN).json
    server_id = service.call("POST", "/v1/servers", body).json["uuid"]
    service.work()
    node: str = service.call("GET", f"/v1/servers/{server_id}", token=ADMIN).json["node"]
    return foreseen["nodes"][0]["name"], node


@contextmanager
def _counted(service: Service) -> Iterator[list[str]]:
    """The statements of a while."""
    found: list[str] = []

    def note(conn: Any, cursor: Any, statement: str, *more: Any) -> None:
        found.append(statement)

    sa.event.listen(service.db.engine, "before_cursor_execute", note)
    yield found
    sa.event.remove(service.db.engine, "before_cursor_execute", note)


def test_a_domain_is_filled_and_the_record_says_by_which_weighers(service: Service) -> None:
    for number in range(6):
        service.world.add_nodes(1, properties={"failure_domain": f"dc1/rack{number % 3}"}, prefix=f"n{number}")
    _rank(service, "fullest_domain", "least_worn")
    body = service.prepared(0)
    domains = {row["name"]: row["failure_domain"] for row in service.rows(models.Node)}
    taken = []
    for _ in range(4):
        foreseen, node = _create(service, body)
        taken.append(domains[node])
        assert domains[foreseen] == domains[node] or taken.count(domains[node]) == 1
    assert sorted(taken.count(domain) for domain in set(taken)) == [2, 2]
    [*_, operation] = service.rows(models.Operation)
    path = f"/v1/operations/{operation['id']}"
    assert service.call("GET", path, token=ADMIN).json["placement"] == {"pool": DEFAULT_POOL, "weighers": ["fullest_domain", "least_worn"]}
    assert service.call("GET", path).json["placement"] == {}
    assert service.call("GET", path, token=ADMIN, version="1.5").json["placement"] == {"pool": DEFAULT_POOL}
    assert service.call("POST", "/v1/scheduling/dry-run", body, token=ADMIN).json["weighers"] == ["fullest_domain", "least_worn"]


def test_a_batch_is_spread_over_the_emptiest_domains(service: Service) -> None:
    for number in range(12):
        service.world.add_nodes(1, properties={"failure_domain": f"dc1/rack{number % 2}"}, prefix=f"n{number}")
    _rank(service, "emptiest_domain")
    body = service.prepared(0)
    for count in (1, 5):
        body["server"] |= {"min_count": count, "max_count": count}
        assert service.call("POST", "/v1/servers", body).status == 201
        service.work()
    domains = {row["id"]: row["failure_domain"] for row in service.rows(models.Node)}
    taken = [domains[row["node_id"]] for row in service.rows(models.Claim)]
    assert sorted(taken.count(domain) for domain in set(taken)) == [3, 3]


def test_a_weigher_that_is_not_known_is_refused_at_the_start(service: Service) -> None:
    service.conf.set_override("weighers", ["fullest"], "scheduler")
    for start in (service.configure, lambda: service.new_conductor("conductor-2")):
        with pytest.raises(ValueError, match=r"\[scheduler\] weighers names 'fullest', which is no weigher"):
            start()


def test_what_was_released_is_worn_and_was_idle_for_less(service: Service) -> None:
    _rank(service, "least_worn", "longest_idle")
    body = service.prepared(2)
    drifting.change(service, models.Node, NODE.name == "node-0", created_at=1.0)
    foreseen, first = _create(service, body)
    assert foreseen == first == "node-0"
    [server] = service.rows(models.Server)
    service.call("DELETE", f"/v1/servers/{server['id']}")
    service.work()
    [row] = [row for row in service.rows(models.Node) if row["name"] == "node-0"]
    assert row["claims_ended"] == 1 and row["released_at"] > 1.0 and row["hold_until"] > row["released_at"]
    service.pass_time(1e6)
    service.sync()
    assert _create(service, body) == ("node-1", "node-1")


def test_what_failed_or_serves_more_pools_comes_last(service: Service) -> None:
    _rank(service, "recently_failed", "scarce", "image_cached")
    body = service.prepared(4)
    ids = {row["name"]: row["id"] for row in service.rows(models.Node)}
    image = body["server"]["image_uuid"]
    drifting.change(service, models.Node, NODE.name == "node-3", properties={"cached_images": image})
    with service.db.write() as conn:
        faults.record(conn, kind="node", target_id=ids["node-0"], operation_id=None, code="x", message="x")
        faults.clear(conn, ids["node-0"])
    service.call("POST", "/v1/pools", {"name": "p", "all": ["t"]}, token=ADMIN)
    service.call("PUT", f"/v1/nodes/{ids['node-1']}/tags/t", token=ADMIN)
    with service.db.read() as conn:
        request = Request([DEFAULT_POOL], "baremetal", image_id=image)
        found = claim.look(conn, request, None, [], 4, ranking.load(service.conf.scheduler.weighers))
    assert [candidate.node_id for candidate in found] == [ids[f"node-{number}"] for number in (3, 2, 1, 0)]


@pytest.mark.parametrize(
    "weighers", [["scarce"], ["fullest_domain", "emptiest_domain", "scarce", "least_worn", "recently_failed", "image_cached"]]
)
def test_however_many_weighers_there_are_they_cost_two_statements(
    service: Service, weighers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both begin at the first offer: one that begins near the last one asks again.
    monkeypatch.setattr(claim._RANDOM, "randrange", lambda stop: 0)
    service.world.add_nodes(5, properties={"failure_domain": "dc1"})
    service.sync()
    request, counts = Request([DEFAULT_POOL], "baremetal"), []
    for order in (ranking.NONE, ranking.load(weighers)):
        with _counted(service) as statements, service.db.write() as conn:
            more = {"project_id": "p", "least": 2, "generation": 1, "skips_locked": False}
            assert claim.claim_nodes(conn, [f"{order.names}-1", f"{order.names}-2"], request, ranking=order, **more) == 2  # type: ignore[arg-type]
        # But for reading more offers, among which they choose, and for then locking what was chosen.
        looks = ("offers.rnd", "SELECT nodes.id \nFROM nodes \nWHERE nodes.id IN")
        counts.append(len([statement for statement in statements if not any(text in statement for text in looks)]))
    assert 0 < counts[1] - counts[0] <= 2


def test_everything_that_weighers_may_need_is_loaded(service: Service) -> None:
    service.world.add_nodes(1, properties={"failure_domain": "dc1"}, traits=("CUSTOM_A",))
    service.sync()
    with service.db.read() as conn:
        [machine] = machines.load(conn, {service.rows(models.Node)[0]["id"]: 3}, NEEDS)
    assert (machine.place, machine.name, machine.failure_domain, machine.in_use, machine.pools) == (3, "node-0", "dc1", 0, 1)
    assert (machine.traits, machine.properties["failure_domain"], machine.failed_at, machine.claims_ended) == (["CUSTOM_A"], "dc1", None, 0)
    assert machine.idle_since is not None
