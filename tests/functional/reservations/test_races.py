# SPDX-License-Identifier: Apache-2.0
"""Never more is promised than exists, whoever asks at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import FOREIGN, MEMBER, Service
from tests.functional.reservations.test_api import PATH, reserve, using
from tests.functional.reservations.test_upkeep import attend, held, offered


@pytest.mark.parametrize("round_", range(3))
def test_reservations_and_creates_of_one_moment_share_what_there_is(service: Service, round_: int) -> None:
    body, unlimited = service.prepared(12), {"servers": -1, "reserved_nodes": -1}
    for name, limit in unlimited.items():
        service.conf.set_override(name, limit, "quotas")

    def ask(number: int) -> Any:
        token = MEMBER if number % 2 else FOREIGN
        if number % 3 == 0:
            return service.call("POST", "/v1/servers", body, token=MEMBER).status
        if number % 3 == 1:
            made = service.call("GET", PATH, token=token).json["reservations"]
            return [service.call("DELETE", f"{PATH}/{one['uuid']}", token=token).status for one in made[:1]]
        return reserve(service, body, 3, token=token).status

    with ThreadPoolExecutor(12) as pool:
        asked = [pool.submit(ask, number) for number in range(24)]
        working = [pool.submit(service.step) for _ in range(4)]
        answers = [one.result() for one in asked]
        assert all(one.result() >= 0 for one in working)
    assert {answer for answer in answers if isinstance(answer, int)} <= {201, 409}
    service.work()
    claims = [row["node_id"] for row in service.rows(models.Claim)]
    assert len(claims) == len(set(claims))
    assert held(service).isdisjoint(claims) and offered(service).isdisjoint(held(service)) and offered(service).isdisjoint(claims)
    lasting = [row for row in service.rows(models.Reservation) if row["ended_at"] is None]
    counted = [row["reservation_id"] for row in service.rows(models.ReservedNode)]
    assert all(counted.count(row["id"]) == row["count"] for row in lasting) and len(counted) == 3 * len(lasting)
    assert len(claims) + len(held(service)) + len(offered(service)) == 12
    assert attend(service) == 0


def test_servers_of_one_moment_stay_within_the_count(service: Service) -> None:
    body = service.prepared(4)
    made = reserve(service, body, 3).json["uuid"]
    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(lambda _: service.call("POST", "/v1/servers", using(body, made)).status, range(8)))
    assert sorted(statuses) == [201] * 3 + [403] * 5
    service.work()
    assert [row["status"] for row in service.rows(models.Server)] == ["active"] * 3
    assert {row["node_id"] for row in service.rows(models.Server)} == held(service)
