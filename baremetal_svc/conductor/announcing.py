# SPDX-License-Identifier: Apache-2.0
"""Tells what operations do, after it is committed: metrics.

At most once: a conductor that dies between the commit and this tells nothing. The database is what counts.
"""

from collections.abc import Sequence

from baremetal_svc import metrics
from baremetal_svc.db.rows import Row
from baremetal_svc.domain.operation import StepState


class Announcer:
    """One for each conductor."""

    def ended(self, operation: Row, steps: Sequence[Row]) -> None:
        """An operation has come to its end; what its row and its steps say then."""
        kind, state = operation["kind"], operation["state"]
        metrics.ENDED.labels(kind, state).inc()
        metrics.OPERATION_SECONDS.labels(kind).observe(operation["ended_at"] - operation["created_at"])
        for step in steps:
            if step["state"] == StepState.DONE and step["started_at"] is not None:
                metrics.STEP_SECONDS.labels(kind, metrics.step_label(step["name"])).observe(step["ended_at"] - step["started_at"])
