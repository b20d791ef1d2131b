# SPDX-License-Identifier: Apache-2.0
"""Draws the steps of one operation while it runs: redrawn in place on a terminal, one line per finished step elsewhere."""

import shutil
from datetime import UTC, datetime
from typing import Any, TextIO

from devstack.local.rest import Rest

#: States after which an operation changes no more.
_ENDS = ("done", "failed", "cancelled")
_SPINNER = "|/-\\"


class Progress:
    """show() takes the newest answer of GET /v1/operations/{id}."""

    def __init__(self, out: TextIO) -> None:
        self.live = out.isatty()
        self._out = out
        self._drawn = 0
        self._frame = 0
        self._said: set[tuple[str, str]] = set()
        try:
            "✓✗".encode(out.encoding or "ascii")
            self._marks = {"done": "✓", "failed": "✗", "undone": "✗", "pending": " "}
        except UnicodeEncodeError:
            self._marks = {"done": "+", "failed": "x", "undone": "x", "pending": " "}

    def show(self, operation: dict[str, Any]) -> None:
        """Draw it."""
        steps = operation["steps"]
        if self.live:
            self._redraw(steps)
        else:
            self._append(steps)
        self._out.flush()

    def _append(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            key = (step["name"], step["state"])
            if step["state"] in ("done", "failed", "undone") and key not in self._said:
                self._said.add(key)
                self._out.write(self._line(step) + "\n")

    def _redraw(self, steps: list[dict[str, Any]]) -> None:
        self._frame += 1
        up = f"\x1b[{self._drawn}F" if self._drawn else ""
        # Longer lines would wrap, and the cursor would then go up too little.
        columns = shutil.get_terminal_size().columns - 1
        self._out.write(up + "".join(f"\x1b[2K{self._line(step)[:columns]}\n" for step in steps) + "\x1b[J")
        self._drawn = len(steps)

    def _line(self, step: dict[str, Any]) -> str:
        mark = self._marks.get(step["state"], _SPINNER[self._frame % len(_SPINNER)])
        again = f"  attempt {step['attempts']}" if (step["attempts"] or 0) > 1 and not step["name"].startswith("wait-") else ""
        state = "" if step["state"] in ("done", "pending") else f"  {step['state']}"
        return f"  {mark} {step['name']:<24}{_seconds(step):>8}{state}{again}"


def _seconds(step: dict[str, Any]) -> str:
    if not step["started_at"]:
        return ""
    begin = datetime.fromisoformat(step["started_at"])
    end = datetime.fromisoformat(step["ended_at"]) if step["ended_at"] else datetime.now(begin.tzinfo or UTC)
    return f"{max(0.0, (end - begin).total_seconds()):.1f} s"


def follow(api: Rest, operation_id: str, progress: Progress) -> dict[str, Any]:
    """Long-poll an operation to its end, drawing every change; its last answer. The service ends it within its deadline."""
    # On a terminal the clock of the running step goes on: ask once a second at least.
    wait = 1 if progress.live else 10
    operation: dict[str, Any] = api.get(f"/operations/{operation_id}")
    progress.show(operation)
    while operation["state"] not in _ENDS:
        operation = api.get(f"/operations/{operation_id}?wait={wait}&after={operation['seq']}")
        progress.show(operation)
    return operation
