# SPDX-License-Identifier: Apache-2.0
"""The task of all flows: an explicit stable name, and a look for signs to stop before it begins."""

from typing import Any, ClassVar

from taskflow import task

from baremetal_svc.conductor.run import Run


class Step(task.Task):
    """One side effect. A subclass has revert(self, ..., **kwargs), or states in IRREVERSIBLE why there is nothing to undo."""

    IRREVERSIBLE: ClassVar[str | None] = None
    run: Run

    def __init__(self, name: str, **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)

    def pre_execute(self) -> None:
        """Before every execute: cancelled and late operations fail here, in no matter which task."""
        self.run.check_stop()
