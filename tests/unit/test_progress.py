# SPDX-License-Identifier: Apache-2.0
"""What the command line draws of an operation: lines where it is written to a file, one line on a terminal."""

import io
from typing import Any

from baremetal_svc.cli import progress
from baremetal_svc.sdk.resources import Operation

BEGIN, END = "2026-11-24T10:00:00+00:00", "2026-11-24T10:00:07+00:00"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def step(name: str, state: str, seq: int, **more: Any) -> dict[str, Any]:
    return {"name": name, "state": state, "seq": seq, "attempts": 1, "started_at": None, "ended_at": None, **more}


def event(state: str, *steps: dict[str, Any], **more: Any) -> Operation:
    return Operation.existing(uuid="o", kind="servers.create", state=state, seq=9, steps=list(steps), created_at=BEGIN, **more)


EVENTS = (
    event("pending"),
    event("running", step("claim-node", "running", 1), step("wait", "pending", 0)),
    event(
        "waiting", step("claim-node", "done", 2, started_at=BEGIN, ended_at=END), step("wait", "running", 3), reason="node a is deploying"
    ),
    event("waiting", step("claim-node", "done", 2, ended_at=END), step("wait", "running", 4, attempts=2), reason="node a is deploying"),
    event("done", step("claim-node", "done", 2, ended_at=END), step("wait", "done", 5), ended_at=END),
)


def test_a_line_for_each_event_and_each_new_reason() -> None:
    stream = io.StringIO()
    assert progress.draw(iter(EVENTS), stream).state == "done"
    lines = [line[10:].rstrip() for line in stream.getvalue().splitlines()[:-1]]
    assert lines == [
        "claim-node                       running",
        "claim-node                       done (7.0 s)",
        "wait                             running",
        "waiting: node a is deploying",
        "wait                             running (attempt 2)",
        "wait                             done",
    ]
    assert stream.getvalue().splitlines()[-1] == "servers.create done after 7 s"
    assert "\x1b" not in stream.getvalue()


def test_one_line_on_a_terminal() -> None:
    stream = Terminal()
    progress.draw(iter(EVENTS), stream)
    drawn = stream.getvalue().split("\r\x1b[2K")[1:]
    assert drawn[1:4] == [
        "servers.create 0/2 claim-node",
        "servers.create 1/2 wait: node a is deploying",
        "servers.create 1/2 wait: node a is deploying",
    ]
    assert drawn[-1] == "servers.create done after 7 s\n"
    assert stream.getvalue().count("\n") == 1
