# SPDX-License-Identifier: Apache-2.0
"""Sends cases of schemathesis to a service, has every answer checked against the document, and counts."""

import os
from collections import Counter, defaultdict
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi import checks

from baremetal_svc.api.microversion import HEADER, MAXIMUM
from tests.fixtures.service import ADMIN, Service
from tests.functional.fuzz.feeds import FEEDS
from tests.functional.fuzz.stage import Stage

#: A longer search takes others.
SEED = int(os.environ.get("BAREMETAL_SVC_FUZZ_SEED", "20261124"))
CASES = int(os.environ.get("BAREMETAL_SVC_FUZZ_CASES", "35"))
VERSION = f"baremetal_compute 1.{MAXIMUM}"
#: Without Keystone everybody is somebody; and a valid body may still name a flavor that is not there.
NOT_CHECKED = [checks.ignored_auth, checks.positive_data_acceptance]
#: schemathesis judges anew what was edited, and takes a tag that is percent-encoded by then for one that is too long.
NOT_CHECKED_OF_FED = [*NOT_CHECKED, checks.negative_data_rejection]
CONFORMANCE = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
GENERATE = settings(
    phases=[Phase.generate], database=None, deadline=None, derandomize=False, suppress_health_check=list(HealthCheck), print_blob=False
)


class Tally:
    """How often each operation answered each status."""

    def __init__(self) -> None:
        self.counts: dict[str, Counter[int]] = defaultdict(Counter)

    def note(self, operation: Any, status: int) -> None:
        """One answer."""
        self.counts[identifier(operation)][status] += 1

    def report(self) -> None:
        """A line for each operation."""
        for name, count in sorted(self.counts.items()):
            print(f"{name:28} {count.total():4} cases, {successes(count):4.0%} succeeded: {dict(sorted(count.items()))}")


def successes(count: Counter[int]) -> float:
    """Which part of the answers was a success."""
    return sum(number for status, number in count.items() if status < 300) / count.total()


def load(service: Service) -> Any:
    """The schema that the service serves, over its real WSGI application."""
    # Not from_wsgi: it would leave out the operation that answers the document.
    # An invalid body that is too long as well is refused for that.
    expected = {"checks": {"negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 406, 409, 413, 415, "5xx"]}}}
    config = schemathesis.Config.from_dict(expected)
    found = schemathesis.openapi.from_dict(service.call("GET", "/v1/openapi.json").json, config=config)
    found.app = service.application
    return found


def identifier(operation: Any) -> str:
    """Its operationId."""
    return str(operation.definition.raw["operationId"])


def documented(operation: Any) -> set[int]:
    """Statuses that it may answer."""
    return {int(status) for status in operation.definition.raw["responses"]}


def address(case: Any) -> None:
    """Ask as an administrator, in the version of the document."""
    case.headers.update({"X-Auth-Token": ADMIN, HEADER: VERSION})


def feed(stage: Stage, case: Any, *, path: bool = True) -> None:
    """Let a case name what is there; an invalid body stays as it is."""
    found = FEEDS[identifier(case.operation)]
    address(case)
    if path and found.path is not None:
        case.path_parameters = {**case.path_parameters, **found.path(stage)}
    if found.body is not None and case.meta.generation.mode.is_positive:
        case.body = found.body(stage, case.body)
    if "Idempotency-Key" in case.headers:
        # Generated ones repeat.
        case.headers["Idempotency-Key"] = stage.name()
    # A generated one names a state that never was: cases that are not fed meet that, and one that is made for it.
    case.headers.pop("If-Match", None)
    if found.query is not None:
        case.query = {**case.query, **found.query(stage)}
    for name in found.drop:
        case.query.pop(name, None)
