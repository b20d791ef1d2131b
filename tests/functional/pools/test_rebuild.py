# SPDX-License-Identifier: Apache-2.0
"""A changed expression on a large database: rebuilt in chunks by one conductor, while requests and claims go on."""

from typing import Any

import pytest

from baremetal_svc.db import models, nodes
from baremetal_svc.scheduler import offers, rebuild
from tests.fixtures.service import ADMIN, Service
from tests.functional.pools.test_edit import made, offered


@pytest.fixture
def large(service: Service, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Ids of ten nodes, all with the tag a, where two are a chunk and four are many."""
    monkeypatch.setattr(nodes, "CHUNK", 2)
    monkeypatch.setattr(rebuild, "AT_ONCE", 4)
    service.token = ADMIN
    service.body = service.prepared(10)  # type: ignore[attr-defined]
    service.call("POST", "/v1/nodes/tags", {"filter": {"none": ["x"]}, "add": ["a"]})
    return sorted(service.world.nodes)


def step(service: Service) -> bool:
    return bool(service.conductor.rebuilder.rebuild())


def shown(service: Service, pool: str) -> Any:
    return service.call("GET", f"/v1/pools/{pool}").json


def renamed(service: Service, pool: str, path: str, value: Any) -> Any:
    return service.call("PATCH", f"/v1/pools/{pool}", [{"op": "replace", "path": path, "value": value}]).json


def test_a_large_pool_is_rebuilt_in_chunks(service: Service, large: list[str]) -> None:
    pool = made(service, "p", all=["a"])
    assert (shown(service, pool)["rebuilding"], shown(service, pool)["nodes"]) == (True, 0)
    seen = []
    while step(service):
        seen.append((shown(service, pool)["nodes"], shown(service, pool)["progress"]))
    assert [count for count, _ in seen] == [2, 4, 6, 8, 10, 10]
    progress = [percent for _, percent in seen]
    assert progress == sorted(progress) and progress[-1] == 100 and progress[0] < 100
    assert offered(service, pool) == set(large) and not shown(service, pool)["rebuilding"]


def test_a_rebuild_that_was_killed_goes_on_where_it_was(service: Service, large: list[str]) -> None:
    pool = made(service, "p", all=["a"])
    step(service), step(service)
    service.pass_time(0)
    other = service.new_conductor("conductor-2")
    assert not other.rebuilder.rebuild(), "the duty is another's"
    with service.db.write() as conn:
        conn.execute(models.Duty.__table__.delete())
    assert other.rebuilder.rebuild()
    assert shown(service, pool)["nodes"] == 6


def test_a_rebuild_is_void_when_the_expression_changes_again(service: Service, large: list[str]) -> None:
    pool = made(service, "p", all=["a"])
    step(service), step(service)
    assert renamed(service, pool, "/all", ["b"])["progress"] == 0
    while step(service):
        pass
    assert (shown(service, pool)["nodes"], offered(service, pool)) == (0, set())


def test_a_change_during_a_chunk_is_not_passed_over(service: Service, large: list[str]) -> None:
    """The expression changes between the look at the generation and the end of the chunk: the chunk is done again."""
    pool = made(service, "p", all=["a"])
    with service.db.read() as conn:
        [behind] = rebuild.pools.under_rebuild(conn)
    renamed(service, pool, "/all", ["b"])
    with service.db.write() as conn:
        rebuild.pools.advance_rebuild(conn, behind, large[1])
        rebuild.pools.end_rebuild(conn, pool, behind["generation"])
    assert (shown(service, pool)["rebuilding"], shown(service, pool)["progress"]) == (True, 0)


def test_pools_that_change_together_are_rebuilt_together(service: Service, large: list[str]) -> None:
    pools = [made(service, f"p{number}", all=["a"]) for number in range(3)]
    assert sum(step(service) for _ in range(20)) == 6
    assert {shown(service, pool)["nodes"] for pool in pools} == {10}


def test_nodes_recomputed_meanwhile_and_claims_use_the_newest_expression(service: Service, large: list[str]) -> None:
    pool = made(service, "p", all=["b"])
    body: dict[str, Any] = service.body  # type: ignore[attr-defined]
    body["server"]["flavor_uuid"] = service.flavor(pools=[pool])
    service.call("PUT", f"/v1/nodes/{large[-1]}/tags/b")
    assert offered(service, pool) == {large[-1]}
    server = service.call("POST", "/v1/servers", body).json["uuid"]
    service.work()
    assert service.call("GET", f"/v1/servers/{server}").json["status"] == "active"
    assert shown(service, pool)["rebuilding"]


def test_the_doctor_does_not_report_pools_under_rebuild(service: Service, large: list[str]) -> None:
    made(service, "p", all=["a"])
    with service.db.read() as conn:
        assert offers.disagreeing(conn, large) == []
    while step(service):
        pass
    with service.db.write() as conn:
        conn.execute(models.Offer.__table__.delete().where(models.Offer.__table__.c.node_id == large[0]))
        assert offers.disagreeing(conn, large) == [large[0]]


def test_what_does_not_change_the_members_rebuilds_nothing(service: Service, large: list[str]) -> None:
    pool = made(service, "p", all=["a", "b"])
    while step(service):
        pass
    for path, value in (("/name", "q"), ("/all", ["b", "a"]), ("/projects", ["red"])):
        assert not renamed(service, pool, path, value)["rebuilding"]
