# SPDX-License-Identifier: Apache-2.0
"""What the chaos harness reads in Ironic's logs."""

from dataclasses import replace

from tests.chaos.ironic_log import Change, read, twice

NODE, OTHER = "0f2b6ac0-b24e-4a11-b202-d848057dda9d", "1e493768-738f-44f9-9975-d69f4f7b2272"
CREATE, DELETE = "req-587cd84b-cf84-4c92-9723-3bd5c8324eae", "req-759dfb11-f625-4f99-932f-e33713de470f"
SERVERS = {CREATE: "server-1", DELETE: "server-1"}


def put(second: int, request: str, *, operation: str = "None", node: str = NODE, status: int = 202) -> str:
    who = f"[{operation} {request} - - - - - -]"
    return f"2026-11-25 04:06:{second:02}.975 15 INFO ironic.api {who} 127.0.0.1 - PUT /v1/nodes/{node}/states/provision - {status} (1.6ms)"


def moved(second: int, request: str, to: str, before: str, *, operation: str = "None", node: str = NODE) -> str:
    who, what = f"[{operation} {request} - - - - - -]", f'Node {node} moved to provision state "{to}" from state "{before}"'
    return f'2026-11-25 04:06:{second:02}.972 15 INFO ironic.conductor.task_manager {who} {what}; target provision state is "x"'


def test_answers_and_transitions_are_joined_by_request() -> None:
    api = [
        put(1, "req-a", operation=CREATE),
        put(1, "req-a", operation=CREATE).replace("provision - ", "power - "),
        put(2, "req-b", operation=DELETE, status=409),
        put(3, "req-c", node=OTHER),
        "2026-11-25 04:06:04.000 15 INFO ironic.api [None req-d - - - - - -] 127.0.0.1 - GET /v1/nodes - 200 (3.0ms)",
    ]
    conductor = [
        moved(5, "req-e", "deleting", "error", operation=DELETE),
        moved(1, "req-a", "deploying", "available", operation=CREATE),
        moved(2, "req-a", "active", "deploying", operation=CREATE),
        moved(3, "req-c", "deleting", "active", node=OTHER),
        "Traceback (most recent call last):",
    ]
    at = "2026-11-25 04:06:0{}.972"
    assert read(api, conductor) == [
        Change(at.format(1), NODE, "deploying", "available", CREATE, True),
        Change(at.format(3), OTHER, "deleting", "active", None, True),
        Change(at.format(5), NODE, "deleting", "error", DELETE, False),
    ]


DEPLOY = Change("1", NODE, "deploying", "available", CREATE, True)
TEAR_DOWN = Change("2", NODE, "deleting", "active", DELETE, True)


def test_one_deploy_and_one_tear_down_of_a_claim_are_well() -> None:
    again = replace(DEPLOY, at="3", operation="req-next")
    assert twice([DEPLOY, TEAR_DOWN, again, replace(DEPLOY, node=OTHER)], SERVERS) == []


def test_what_ironic_forgot_may_be_asked_again() -> None:
    assert twice([DEPLOY, TEAR_DOWN, replace(TEAR_DOWN, at="3", before="error")], SERVERS) == []


def test_a_second_one_of_a_claim_is_found() -> None:
    assert len(twice([DEPLOY, TEAR_DOWN, replace(TEAR_DOWN, at="3")], SERVERS)) == 1
    assert len(twice([DEPLOY, replace(DEPLOY, at="2", before="deploy failed", operation="req-next")], SERVERS)) == 1
    # Torn down in between, and deployed once more by the same operation.
    once_more = [DEPLOY, TEAR_DOWN, replace(DEPLOY, at="3")]
    assert len(twice(once_more, SERVERS)) == 1
    # Unless the harness itself delivered one late, and no more than one.
    assert twice(once_more, SERVERS, {NODE}) == []
    assert len(twice([*once_more, TEAR_DOWN, DEPLOY], SERVERS, {NODE})) == 1


def test_a_tear_down_that_meets_the_next_server_is_found() -> None:
    assert twice([replace(DEPLOY, operation="req-next"), TEAR_DOWN], SERVERS) == []
    assert len(twice([replace(DEPLOY, operation="req-next"), TEAR_DOWN], {**SERVERS, "req-next": "server-2"})) == 1
