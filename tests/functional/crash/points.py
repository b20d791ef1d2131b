# SPDX-License-Identifier: Apache-2.0
"""The points of a flow at which a conductor may die, listed from its graph, and a conductor that dies at one of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from taskflow import flow, task

from baremetal_svc.conductor import kinds
from baremetal_svc.db.models import Operation, Step
from baremetal_svc.domain.errors import OutsideRefused
from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.operation import State, StepState
from tests.fixtures import properties
from tests.fixtures.properties import Died
from tests.fixtures.service import Service

#: Places of an atom: in which of its methods; of the operation: how it ends.
EXECUTE, REVERT, DECIDE, DONE, FAILED = "execute", "revert", "on_failure", "done", "failed"
#: Moments. ACTED: the side effect is there, and nothing is saved.
BEFORE, ACTED, SAVED = "before", "acted", "saved"
_SAVED_AS = {EXECUTE: StepState.DONE, REVERT: StepState.UNDONE}


@dataclass(frozen=True)
class Point:
    """``atom`` is "" for the finalising transaction; ``failing``: the task that must fail for the point to be reached, or None."""

    atom: str
    place: str
    moment: str
    failing: str | None = None

    def __str__(self) -> str:
        return f"{self.moment} {self.place} of {self.atom or 'the operation'}"


def listed(kind: str, pattern: flow.Flow) -> list[Point]:
    """Every point of a flow: of each execute, each revert, each decision of a retry, and of the transaction that ends it either way."""
    tasks = list(kinds.tasks_of(pattern))
    last = tasks[-1].name
    found = [Point(item.name, EXECUTE, moment) for item in tasks for moment in (BEFORE, ACTED, SAVED)]
    found += [Point("", DONE, moment) for moment in (BEFORE, SAVED)]
    for retry, scope in scopes(pattern):
        found += [Point(retry, EXECUTE, moment) for moment in (BEFORE, ACTED)]
        found += [Point(retry, DECIDE, moment, scope[-1]) for moment in (BEFORE, ACTED)]
    # What has no deadline takes no failure for an answer: it neither fails nor is undone.
    if LIFECYCLE[kind].deadline is not None:
        undone = [item for item in tasks if type(item).revert is not task.Task.revert]
        found += [Point(item.name, REVERT, moment, last) for item in undone for moment in (BEFORE, ACTED, SAVED)]
        found += [Point("", FAILED, moment, last) for moment in (BEFORE, SAVED)]
    return found


def scopes(pattern: flow.Flow) -> Iterator[tuple[str, list[str]]]:
    """Each retry with the names of the tasks that it repeats."""
    if pattern.retry is not None:
        yield pattern.retry.name, [item.name for item in kinds.tasks_of(pattern)]
    for item in pattern:
        if isinstance(item, flow.Flow):
            yield from scopes(item)


class Death:
    """Conductors of a service of which the first that comes to the point dies there.

    :ivar died: whether one has come to it.
    """

    def __init__(self, service: Service, kind: str, point: Point | None, failing: str | None = None) -> None:
        self._service = service
        self._kind = kind
        self._point = point
        self._failing = failing if point is None else point.failing
        self._operation = next(row["id"] for row in service.live() if row["kind"] == kind)
        self.died = False

    def conductor(self) -> None:
        """Let a new conductor do what there is to do from now on."""
        self._service.runner = properties.wrapped(self._service, self._kind, self._wrap)
        self._service.claims = self._service.new_conductor("next")._claims

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch the database's transactions."""
        write = self._service.db.write
        self._service.db.write = lambda: self._watched(write)  # type: ignore[method-assign]
        try:
            yield
        finally:
            self._service.db.write = write  # type: ignore[method-assign]

    def _at(self, atom: str, place: str, moment: str) -> None:
        point = self._point
        if not self.died and point is not None and (point.atom, point.place, point.moment) == (atom, place, moment):
            self.died = True
            raise Died(str(point))

    def _wrap(self, name: str, atom: Any) -> None:
        for place in (EXECUTE, REVERT, DECIDE):
            if hasattr(atom, place):
                setattr(atom, place, self._around(name, place, getattr(atom, place)))

    def _around(self, name: str, place: str, once: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            self._at(name, place, BEFORE)
            result = once(*args, **kwargs)
            self._at(name, place, ACTED)
            if place == EXECUTE and name == self._failing:
                raise OutsideRefused("as the test wants it")
            return result

        return call

    @contextmanager
    def _watched(self, write: Callable[[], Any]) -> Iterator[Any]:
        with write() as conn:
            yield conn
            self._look(conn, BEFORE)
        with write() as conn:
            self._look(conn, SAVED)

    def _look(self, conn: sa.Connection, moment: str) -> None:
        """Die when what the point names stands in the rows: in a transaction not committed yet, or in one that was."""
        point = self._point
        if self.died or point is None or point.moment != moment:
            return
        if point.atom == "":
            found = conn.execute(sa.select(Operation.__table__.c.state).where(Operation.__table__.c.id == self._operation)).scalar()
            wanted = State.DONE if point.place == DONE else State.FAILED
        elif moment == SAVED:
            step = Step.__table__.c
            found = conn.execute(sa.select(step.state).where(step.operation_id == self._operation, step.name == point.atom)).scalar()
            wanted = _SAVED_AS[point.place]
        else:
            return
        if found == wanted:
            self._at(point.atom, point.place, moment)
