# SPDX-License-Identifier: Apache-2.0
"""Death at each transaction of a create and of a delete: what no flow lists, such as taking an operation, its logbook, a wait."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures import properties
from tests.fixtures.properties import Died, Scenario
from tests.fixtures.service import Service
from tests.functional.servers.test_flow import CREATE, DELETE


def die_at(service: Service, number: int, *, after: bool) -> bool:
    """Die just before or just after the given transaction of the database; False when the work came to rest before."""
    database, count = service.db, [0]
    write = database.write

    @contextmanager
    def dying() -> Iterator[Any]:
        count[0] += 1
        if count[0] == number and not after:
            raise Died
        with write() as conn:
            yield conn
        if count[0] == number and after:
            raise Died

    database.write = dying  # type: ignore[method-assign]
    try:
        service.work()
    except Died:
        service.pass_time(service.lease + 1)
        return True
    finally:
        database.write = write  # type: ignore[method-assign]
    return False


@pytest.mark.parametrize("scenario", [CREATE, DELETE], ids=lambda scenario: scenario.kind)
def test_death_at_each_transaction_changes_nothing(tmp_path: Path, scenario: Scenario) -> None:
    """By turns before and after it: what lies between the end of one and the begin of the next are the side effects."""
    plain, _ = properties.expected(tmp_path, scenario)
    for number in itertools.count(1):
        with properties.fresh(tmp_path, f"transaction-{number}", scenario) as service:
            if not die_at(service, number, after=number % 2 == 0):
                break
            assert properties.finish(service) == plain, number
    assert number > 10
