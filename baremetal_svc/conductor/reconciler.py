# SPDX-License-Identifier: Apache-2.0
"""The duty of reconciling: finds where our rows, Ironic and Neutron disagree, mends what is safe and makes faults of the rest.

It touches nothing that another system owns, and judges nothing that an operation works on. See domain.drift for what it finds.
"""

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from baremetal_svc import metrics
from baremetal_svc.conductor import repairs, survey
from baremetal_svc.conductor.announcing import Announcer
from baremetal_svc.conductor.lasting import Lasting
from baremetal_svc.db import duties, faults
from baremetal_svc.db.session import Database
from baremetal_svc.domain import drift
from baremetal_svc.domain.errors import ServiceError, Unavailable
from baremetal_svc.domain.observed import Finding, Repair
from baremetal_svc.gateways.protocols import Ironic, Neutron
from baremetal_svc.scheduler import offers

LOG = logging.getLogger(__name__)
DUTY = "reconciler"
#: Machines that one look may have torn down without an operator. More at once is damage to the rows, not drift.
MOST_TEAR_DOWNS = 10
#: Seconds between questions whether it is time, and whose duty it is.
PAUSE = 30.0


class Fate(StrEnum):
    """What became of a finding."""

    FOUND = "found"
    REPAIRED = "repaired"
    OVER = "over"
    WAITS = "waits"
    FAULT = "fault"


@dataclass(frozen=True, slots=True)
class Result:
    """A finding and what became of it: only reported; mended; nothing left to do; tried again at the next look; an operator's."""

    finding: Finding
    fate: Fate


@dataclass(frozen=True, slots=True)
class Outcome:
    """A look. ``untold``: by service why it could not be told; ``looked_at``: how many of each."""

    results: Sequence[Result]
    untold: Mapping[str, str]
    looked_at: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Terms:
    """Seconds: a conductor's lease, a released node's quarantine, between two looks."""

    lease: float
    quarantine: float
    interval: float


class Reconciler:
    """Looks by reconcile(); as a duty of one conductor by keep()."""

    def __init__(
        self, db: Database, ironic: Ironic, neutron: Neutron, owner: str, *, terms: Terms, announcer: Announcer, woke: Callable[[], None]
    ) -> None:
        self._db = db
        self._tools = repairs.Tools(db, ironic, neutron, terms.quarantine)
        self._owner = owner
        self._terms = terms
        self._announcer = announcer
        self._woke = woke

    def keep(self, stopped: threading.Event) -> None:
        """Until told to stop: the body of the one reconciling thread."""
        lasting, due = Lasting("The reconciler"), 0.0
        while not stopped.wait(min(PAUSE, self._terms.interval)):
            if time.monotonic() >= due and lasting.attempt(self._look, False):
                due = time.monotonic() + self._terms.interval

    def _look(self) -> bool:
        """One look if the duty is ours; True when it came to its end."""
        # For a whole interval, so that all conductors together look once in it.
        if not self._db.transact(lambda conn: duties.take(conn, DUTY, self._owner, self._terms.interval)):
            return False
        self.reconcile(repair=True)
        return True

    def reconcile(self, *, repair: bool, most_tear_downs: int | None = MOST_TEAR_DOWNS) -> Outcome:
        """Look once; with ``repair`` mend what is safe and note the rest as faults, else change nothing.

        :param most_tear_downs: when it would be more, none is begun and each is a fault; None: any number.
        :raises Unavailable: the database is away.
        """
        begun = time.monotonic()
        seen = survey.take(self._db, self._tools.ironic, self._tools.neutron, self._terms.lease)
        verdict = drift.judge(seen.seen)
        results = list(self._repaired(seen, verdict, most_tear_downs)) if repair else [Result(f, Fate.FOUND) for f in verdict.findings]
        if repair:
            self._db.transact(lambda conn: _file(conn, verdict, results))
            metrics.RECONCILED_AT.set_to_current_time()
            if any(result.fate is Fate.REPAIRED for result in results):
                self._woke()
        LOG.info("Reconciled in %.1f s: %s findings of %s", time.monotonic() - begun, len(results), dict(seen.looked_at))
        return Outcome(results, seen.untold, seen.looked_at)

    def _repaired(self, seen: survey.Survey, verdict: drift.Verdict, most: int | None) -> Iterator[Result]:
        safe = [finding for finding in verdict.findings if finding.repair is Repair.SAFE]
        many = most is not None and sum(finding.code in repairs.TEAR_DOWNS for finding in safe) > most
        if many:
            LOG.error("More than %s machines would be torn down: none is, until an operator says so", most)
        for finding in verdict.findings:
            tears_down = finding.code in repairs.TEAR_DOWNS
            if finding.repair is Repair.MANUAL or (tears_down and many):
                yield Result(finding, Fate.FAULT)
            elif tears_down and seen.untold:
                # A release must know the ports, and a service that is away may know better.
                yield Result(finding, Fate.WAITS)
            else:
                yield Result(finding, self._mend(seen, finding))

    def _mend(self, seen: survey.Survey, finding: Finding) -> Fate:
        try:
            done = repairs.mend(self._tools, seen.seen, finding)
        except Unavailable as error:
            LOG.warning("%s of %s %s waits: %s", finding.code, finding.target_kind, finding.target, error)
            return Fate.WAITS
        except ServiceError as error:
            LOG.error("%s of %s %s cannot be repaired: %s", finding.code, finding.target_kind, finding.target, error)
            return Fate.FAULT
        if not done:
            return Fate.OVER
        LOG.info("Repaired %s of %s %s: %s %s", finding.code, finding.target_kind, finding.target, finding.detail, finding.proposal)
        metrics.REPAIRS.labels(finding.code).inc()
        self._announcer.repaired(repairs.summary(finding))
        return Fate.REPAIRED


def _file(conn: Connection, verdict: drift.Verdict, results: Sequence[Result]) -> None:
    """Open a fault for each target and code that is an operator's, and clear those that are over."""
    wanted: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for result in results:
        finding = result.finding
        if result.fate is Fate.FAULT:
            wanted[finding.target_kind, finding.target, finding.code].append(finding.detail)
    standing = {(row["target_kind"], row["target_id"], row["code"]): row["id"] for row in faults.standing(conn, drift.CODES)}
    new = [key for key in wanted if key not in standing]
    over = [key for key in standing if key not in wanted and _judged(key, verdict)]
    columns = ("target_kind", "target_id", "code")
    values = [{**dict(zip(columns, key, strict=True)), "message": " ".join(wanted[key])} for key in new]
    faults.insert(conn, values, cleared=False)
    faults.close(conn, [standing[key] for key in over])
    # A node with a fault is not offered.
    changed = sorted({target for kind, target, _ in (*new, *over) if kind == "node"})
    if changed:
        offers.recompute(conn, changed)


def _judged(key: tuple[str, str, str], verdict: drift.Verdict) -> bool:
    """Whether this look could tell that it is over: not when a listing was missing, or an operation works on the target."""
    kind, target, code = key
    return code in verdict.told and (kind == "operation" or target not in verdict.unsettled)
