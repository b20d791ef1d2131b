# SPDX-License-Identifier: Apache-2.0
"""TaskFlow's SQL backend with a fence: each save is one transaction that holds the operation's row and writes its step.

The tables' metadata is built once: the stock backend builds it anew for each connection, which costs five times the work of a save.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa
from taskflow import states
from taskflow.persistence import models
from taskflow.persistence.backends import impl_sqlalchemy
from taskflow.persistence.backends.sqlalchemy import tables

from baremetal_svc.conductor.interruptions import Outage
from baremetal_svc.conductor.run import Run
from baremetal_svc.db import operations
from baremetal_svc.db.session import AWAY
from baremetal_svc.domain.operation import step_state

METADATA = sa.MetaData()
TABLES = tables.fetch(METADATA)
# Built once as well, for the same reason.
_SAVE_ATOM = sa.update(TABLES.atomdetails).where(TABLES.atomdetails.c.uuid == sa.bindparam("which"))
_SAVE_FLOW = sa.update(TABLES.flowdetails).where(TABLES.flowdetails.c.uuid == sa.bindparam("which"))
_PASSING = (states.RESUMING, states.SUSPENDED, states.RUNNING)


class _FencedConnections:
    """What TaskFlow takes for an engine: begin() is the run's fenced transaction."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def begin(self) -> AbstractContextManager[sa.Connection]:
        return self._run.transaction()

    @contextmanager
    def connect(self) -> Iterator[sa.Connection]:
        try:
            with self._run.db.engine.connect() as conn:
                yield conn
        except AWAY as error:
            raise Outage("The database does not answer.") from error


class _Connection(impl_sqlalchemy.Connection):
    """Saves without reading first: under the fence nobody else has written since we loaded.

    Left out are saves that a resumed run does not need: progress 0 and 1, which say what the state says, and the states that a flow passes
    through before its end.
    """

    def __init__(self, backend: "FencedBackend", run: Run) -> None:
        # Not super().__init__(): it is what builds the metadata anew.
        self._backend = backend
        self._engine = _FencedConnections(run)
        self._tables = TABLES
        self._converter = impl_sqlalchemy._Alchemist(TABLES)
        self._run = run
        self._saved: dict[str, tuple[Any, ...]] = {}

    def close(self) -> None:
        """Nothing is held between saves."""

    def note(self, detail: models.FlowDetail) -> None:
        """The atoms as the database has them now."""
        self._saved.update({ad.uuid: _essence(ad) for ad in detail})

    def update_atom_details(self, atom_detail: models.AtomDetail) -> models.AtomDetail:
        """One transaction: fence, atom, and its step when the state changed.

        That a task is done is written with what follows at once: the start of the next task, a wait, the end. A run that dies in between
        does the task again, as if it had died before the save, and that is what tasks are idempotent for.
        """
        before, after = self._saved.get(atom_detail.uuid), _essence(atom_detail)
        if before == after and isinstance(atom_detail, models.TaskDetail) and atom_detail.meta.get("progress") in (0.0, 1.0):
            return atom_detail
        changed = before is None or before[0] != atom_detail.state
        write = functools.partial(_save, self._run.id, atom_detail.name, atom_detail.to_dict(), changed=changed)
        if changed and atom_detail.state == states.SUCCESS:
            self._run.defer(write)
        else:
            with self._engine.begin() as conn:
                write(conn)
                if changed and atom_detail.state == states.RUNNING:
                    self._run.look(conn)
        self._saved[atom_detail.uuid] = after
        return atom_detail

    def update_flow_details(self, flow_detail: models.FlowDetail) -> models.FlowDetail:
        """One transaction: fence, flow, atoms that are new; those that are known are saved one by one as they change."""
        new = [ad for ad in flow_detail if ad.uuid not in self._saved]
        if new or flow_detail.state not in _PASSING:
            with self._engine.begin() as conn:
                conn.execute(_SAVE_FLOW, {"which": flow_detail.uuid, **flow_detail.to_dict()})
                for ad in new:
                    self._insert_atom_details(conn, ad, flow_detail.uuid)
            self.note(flow_detail)
        return flow_detail


def _save(operation_id: str, name: str, values: Mapping[str, Any], conn: sa.Connection, *, changed: bool) -> None:
    conn.execute(_SAVE_ATOM, {"which": values["uuid"], **values})
    if changed:
        operations.save_step(conn, operation_id, name, step_state(values["state"]))


def _essence(ad: models.AtomDetail) -> tuple[Any, ...]:
    """What of an atom a resumed run stands on; its state first."""
    return ad.state, ad.intention, ad.results, ad.failure, ad.revert_results, ad.revert_failure


class FencedBackend(impl_sqlalchemy.SQLAlchemyBackend):
    """The persistence of one run."""

    def __init__(self, run: Run) -> None:
        super().__init__({}, engine=run.db.engine)
        self._connection = _Connection(self, run)

    def get_connection(self) -> _Connection:
        """The one connection of the run."""
        return self._connection


def load(run: Run, backend: FencedBackend) -> models.FlowDetail | None:
    """The flow detail that an earlier run of the operation left, or None; looks for signs to stop as well."""
    connection = backend.get_connection()
    with connection._engine.connect() as conn:
        run.look(conn)
        found = conn.execute(sa.select(TABLES.flowdetails.c.uuid).where(TABLES.flowdetails.c.uuid == run.id)).first()
    if found is None:
        return None
    detail = connection.get_flow_details(run.id)
    connection.note(detail)
    return detail


def create(run: Run, backend: FencedBackend, names: Sequence[str]) -> models.FlowDetail:
    """The logbook and flow detail of the operation, both under its id, and the steps that its readers will see."""
    book = models.LogBook(run.operation["kind"], uuid=run.id)
    detail = models.FlowDetail(run.operation["kind"], uuid=run.id)
    book.add(detail)
    with run.transaction() as conn:
        operations.plan_steps(conn, run.id, names)
        conn.execute(sa.insert(TABLES.logbooks).values(**book.to_dict()))
        conn.execute(sa.insert(TABLES.flowdetails).values(parent_uuid=book.uuid, **detail.to_dict()))
    return detail


def destroy(conn: sa.Connection, operation_id: str) -> None:
    """Delete the logbook of an ended operation, in the transaction that ends it."""
    conn.execute(sa.delete(TABLES.atomdetails).where(TABLES.atomdetails.c.parent_uuid == operation_id))
    conn.execute(sa.delete(TABLES.flowdetails).where(TABLES.flowdetails.c.uuid == operation_id))
    conn.execute(sa.delete(TABLES.logbooks).where(TABLES.logbooks.c.uuid == operation_id))
