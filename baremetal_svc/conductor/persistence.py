# SPDX-License-Identifier: Apache-2.0
"""TaskFlow's SQL backend with a fence: each save is one transaction that holds the operation's row and writes its step.

The tables' metadata is built once: the stock backend builds it anew for each connection, which costs five times the work of a save.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

import sqlalchemy as sa
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
    def __init__(self, backend: "FencedBackend", run: Run) -> None:
        # Not super().__init__(): it is what builds the metadata anew.
        self._backend = backend
        self._engine = _FencedConnections(run)
        self._tables = TABLES
        self._converter = impl_sqlalchemy._Alchemist(TABLES)
        self._operation_id = run.id

    def close(self) -> None:
        """Nothing is held between saves."""

    def _update_atom_details(self, conn: sa.Connection, ad: models.AtomDetail, e_ad: models.AtomDetail) -> None:
        changed = e_ad.state != ad.state
        if not changed and e_ad.to_dict() == ad.to_dict():
            return
        super()._update_atom_details(conn, ad, e_ad)
        if changed:
            operations.save_step(conn, self._operation_id, ad.name, step_state(ad.state))


class FencedBackend(impl_sqlalchemy.SQLAlchemyBackend):
    """The persistence of one run."""

    def __init__(self, run: Run) -> None:
        super().__init__({}, engine=run.db.engine)
        self._connection = _Connection(self, run)

    def get_connection(self) -> _Connection:
        """The one connection of the run."""
        return self._connection


def load(run: Run, backend: FencedBackend) -> models.FlowDetail | None:
    """The flow detail that an earlier run of the operation left, or None."""
    with backend.get_connection()._engine.connect() as conn:
        found = conn.execute(sa.select(TABLES.flowdetails.c.uuid).where(TABLES.flowdetails.c.uuid == run.id)).first()
    return None if found is None else backend.get_connection().get_flow_details(run.id)


def create(run: Run, backend: FencedBackend) -> models.FlowDetail:
    """The logbook and flow detail of the operation, both under its id."""
    book = models.LogBook(run.operation["kind"], uuid=run.id)
    detail = models.FlowDetail(run.operation["kind"], uuid=run.id)
    book.add(detail)
    backend.get_connection().save_logbook(book)
    return detail


def destroy(conn: sa.Connection, operation_id: str) -> None:
    """Delete the logbook of an ended operation, in the transaction that ends it."""
    conn.execute(sa.delete(TABLES.atomdetails).where(TABLES.atomdetails.c.parent_uuid == operation_id))
    conn.execute(sa.delete(TABLES.flowdetails).where(TABLES.flowdetails.c.uuid == operation_id))
    conn.execute(sa.delete(TABLES.logbooks).where(TABLES.logbooks.c.uuid == operation_id))
