# SPDX-License-Identifier: Apache-2.0
"""schemathesis over the links of the document: what one answer names the next request uses, and conductors work in between."""

from typing import Any

from hypothesis import seed, settings
from hypothesis.errors import Flaky
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi import checks

from tests.fixtures.service import Service
from tests.functional.fuzz import calling
from tests.functional.fuzz.calling import Tally
from tests.functional.fuzz.feeds import FEEDS
from tests.functional.fuzz.stage import Stage

#: Their DELETE takes nothing away: it clears, sets back, cancels, or ends what is still shown.
KEPT = ("operations.", "quotas.", "tags.", "node_tags.", "reservations.")
ROUNDS, SCENARIOS, STEPS = 12, 5, 15


def machine(stage: Stage, tally: Tally, failures: list[FailureGroup]) -> Any:
    """Scenarios of requests; each answer is checked, those before it in mind."""

    class Machine(calling.load(stage.service).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Any) -> None:
            # Ids in paths come from links, bodies name what is there, and a filter that nothing passes leads nowhere.
            calling.feed(stage, case, path=False)
            if not case.path_parameters:
                case.query = {}

        def after_call(self, response: Any, case: Any) -> None:
            tally.note(case.operation, response.status_code)
            if case.method != "GET" and stage.service.live():
                stage.service.work()
            super().after_call(response, case)

        def validate_response(self, response: Any, case: Any, additional_checks: Any = None, **kwargs: Any) -> None:
            kept = [checks.use_after_free] if calling.identifier(case.operation).startswith(KEPT) else []
            try:
                case.validate_response(response, excluded_checks=[*calling.NOT_CHECKED, *kept], recorder=self.recorder)
            except FailureGroup as failure:
                # Kept, not raised: it would be tried again, and things are not as they were.
                failures.append(failure)

    return Machine


def test_what_links_lead_to_answers_as_documented(service: Service) -> None:
    stage, tally, failures = Stage(service), Tally(), []  # type: ignore[var-annotated]
    service.world.add_nodes(40, cards=4)
    service.sync()
    found = machine(stage, tally, failures)
    for number in range(ROUNDS):
        seed(calling.SEED + number)(found)
        try:
            found.run(settings=settings(calling.GENERATE, max_examples=SCENARIOS, stateful_step_count=STEPS))
        except Flaky:
            # Ids are new each time: a scenario whose beginning is drawn again is another one. The round ends there.
            continue
    tally.report()
    assert failures == [], failures[0]
    wanted = {name for name, fed in FEEDS.items() if fed.path is not None}
    reached = {name for name in wanted if any(status < 300 for status in tally.counts[name])}
    assert len(reached) >= len(wanted) / 2, f"no link led to success: {sorted(wanted - reached)}"
