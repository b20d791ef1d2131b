# SPDX-License-Identifier: Apache-2.0
"""schemathesis over every operation of the document: no 5xx but a documented one, no answer that is not as documented.

A fixed seed; of each operation at least 30 % of the calls succeed and each documented status is seen.
"""

from typing import Any

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from baremetal_svc.api import health
from baremetal_svc.api.openapi import every_route
from baremetal_svc.api.operation_object import identifier
from tests.fixtures.service import Service
from tests.functional.fuzz import calling
from tests.functional.fuzz.calling import Tally
from tests.functional.fuzz.feeds import FEEDS
from tests.functional.fuzz.rare import Rare
from tests.functional.fuzz.stage import Stage

NAMES = sorted(identifier(route) for route in every_route())
#: At least so many generated cases in all.
ALL = 3000


def fuzz(stage: Stage, operation: Any, tally: Tally) -> None:
    """Three fifths of the cases name what is there; of the others half are valid, half are not."""
    valid, invalid = operation.as_strategy(GenerationMode.POSITIVE), operation.as_strategy(GenerationMode.NEGATIVE)
    fifth = calling.CASES // 5
    send(stage, valid, 3 * fifth, tally, fed=True)
    send(stage, valid, fifth, tally, fed=False)
    send(stage, invalid, fifth, tally, fed=False)


def send(stage: Stage, cases: st.SearchStrategy[Any], number: int, tally: Tally, *, fed: bool) -> None:
    """So many of these cases."""

    @seed(calling.SEED)
    @settings(calling.GENERATE, max_examples=number)
    @given(case=cases)
    def run(case: Any) -> None:
        calling.address(case)
        if fed:
            calling.feed(stage, case)
        response = case.call()
        tally.note(case.operation, response.status_code)
        case.validate_response(response, excluded_checks=calling.NOT_CHECKED_OF_FED if fed else calling.NOT_CHECKED)

    run()


def meet_refusals(stage: Stage, operation: Any, tally: Tally) -> None:
    """Each documented status of a refusal, by a case made for it."""

    @seed(calling.SEED)
    @settings(calling.GENERATE, max_examples=1)
    @given(data=st.data())
    def run(data: Any) -> None:
        rare = Rare(stage, operation, lambda: data.draw(operation.as_strategy(GenerationMode.POSITIVE)))
        for status in sorted(calling.documented(operation), reverse=True):
            if status >= 400:
                response = rare.answer(status)
                assert response.status_code == status, response.text
                tally.note(operation, status)

    run()


@pytest.mark.parametrize("feature", sorted({name.partition(".")[0] for name in NAMES}))
def test_a_feature_answers_as_documented(service: Service, feature: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # A health that is remembered would answer for the database that was away.
    monkeypatch.setattr(health, "FRESH", 0.0)
    stage, tally = Stage(service), Tally()
    every = [found.ok() for found in calling.load(service).get_all_operations()]
    operations = [one for one in every if calling.identifier(one).partition(".")[0] == feature]
    assert sorted(map(calling.identifier, operations)) == [name for name in NAMES if name.partition(".")[0] == feature]
    for operation in operations:
        meet_refusals(stage, operation, tally)
        fuzz(stage, operation, tally)
        count = tally.counts[calling.identifier(operation)]
        assert set(count) == calling.documented(operation)
        assert calling.successes(count) >= 0.3, count
    tally.report()


def test_every_operation_is_fed_and_there_are_enough_cases() -> None:
    assert sorted(FEEDS) == NAMES
    assert calling.CASES * len(NAMES) >= ALL
