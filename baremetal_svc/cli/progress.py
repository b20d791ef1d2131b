# SPDX-License-Identifier: Apache-2.0
"""Draws the steps of an operation while it goes on: a line per event for logs and pipes, one line that changes on a terminal."""

import shutil
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Protocol, TextIO

from baremetal_svc.sdk.resources import Operation

_CLEAR = "\r\x1b[2K"


def draw(events: Iterator[Operation], stream: TextIO) -> Operation:
    """Draw until the operation has ended; the operation as it ended."""
    pen: _Pen = _Row(stream) if stream.isatty() else _Log(stream)
    last = None
    for last in events:
        pen.see(last)
    assert last is not None  # noqa: S101 (says to mypy that there is always the operation as it is)
    pen.close(last)
    return last


class _Pen(Protocol):
    def see(self, operation: Operation) -> None: ...

    def close(self, operation: Operation) -> None: ...


class _Log:
    """One line a step's event, and one for each new reason to wait."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._seen = 0
        self._reason: str | None = None

    def see(self, operation: Operation) -> None:
        news = [step for step in operation.steps or () if step["seq"] > self._seen and step["state"] != "pending"]
        for step in sorted(news, key=lambda step: step["seq"]):
            self._say(f"{_clock(step)}  {step['name']:32} {step['state']}{_details(step)}")
        self._seen = max([self._seen, *(step["seq"] for step in operation.steps or ())])
        if operation.state == "waiting" and operation.reason and operation.reason != self._reason:
            self._say(f"{'':8}  waiting: {operation.reason}")
        self._reason = operation.reason

    def close(self, operation: Operation) -> None:
        self._say(_summary(operation))

    def _say(self, text: str) -> None:
        print(text, file=self._stream, flush=True)


class _Row:
    """One line, drawn again for each event."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def see(self, operation: Operation) -> None:
        steps = operation.steps or []
        over = sum(step["state"] in ("done", "undone") for step in steps)
        active = next((step["name"] for step in steps if step["state"] in ("running", "undoing")), operation.state)
        why = f": {operation.reason}" if operation.state == "waiting" and operation.reason else ""
        self._write(f"{operation.kind} {over}/{len(steps)} {active}{why}")

    def close(self, operation: Operation) -> None:
        self._write(_summary(operation))
        print(file=self._stream, flush=True)

    def _write(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 1
        self._stream.write(_CLEAR + text[:width])
        self._stream.flush()


def _clock(step: dict[str, Any]) -> str:
    moment = step.get("ended_at") or step.get("started_at")
    return f"{datetime.fromisoformat(moment).astimezone():%H:%M:%S}" if moment else " " * 8


def _details(step: dict[str, Any]) -> str:
    seconds = _seconds(step.get("started_at"), step.get("ended_at"))
    found = [f"{seconds:.1f} s"] if seconds is not None and seconds >= 0.05 else []
    found += [f"attempt {step['attempts']}"] if (step.get("attempts") or 0) > 1 else []
    return f" ({', '.join(found)})" if found else ""


def _summary(operation: Operation) -> str:
    seconds = _seconds(operation.created_at, operation.ended_at)
    return f"{operation.kind} {operation.state}" + ("" if seconds is None else f" after {seconds:.0f} s")


def _seconds(begin: str | None, end: str | None) -> float | None:
    if not begin or not end:
        return None
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
