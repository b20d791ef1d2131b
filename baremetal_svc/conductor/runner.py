# SPDX-License-Identifier: Apache-2.0
"""Runs the flow of a claimed operation from where it stands to its end, or to where it must wait."""

import functools
import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import taskflow.engines
from oslo_db.exception import DBError
from taskflow import states
from taskflow.exceptions import StorageFailure
from taskflow.types.failure import Failure

from baremetal_svc.conductor import ending, kinds, persistence, unreadable
from baremetal_svc.conductor.announcing import Announcer
from baremetal_svc.conductor.interruptions import LeaseLost, NotYet, Outage
from baremetal_svc.conductor.run import Guarded, Lease, Run
from baremetal_svc.context import RequestContext
from baremetal_svc.db import faults, operations, rows
from baremetal_svc.db.session import Database
from baremetal_svc.domain.lifecycle import LIFECYCLE
from baremetal_svc.domain.operation import backoff
from baremetal_svc.gateways import sending

LOG = logging.getLogger(__name__)

#: Vain attempts in a row after which an operation that goes on trying becomes a fault for the operator: about half an hour of back-off.
PATIENCE = 13
#: A flow that came to its end; what is left is to write that of the operation.
_ENDED = (states.SUCCESS, states.REVERTED)


class Runner:
    """Runs operations of the given kinds with the given gateways.

    :param gateways: outside services by the parameter name under which tasks ask for them.
    :param tools: what else tasks may ask for by name (vault, settings); never persisted.
    """

    def __init__(
        self,
        db: Database,
        known: Mapping[str, kinds.Kind],
        gateways: Mapping[str, Any],
        tools: Mapping[str, Any],
        timeout: float,
        announcer: Announcer,
    ) -> None:
        self._db = db
        self._kinds = known
        self._gateways = gateways
        self._tools = tools
        self._timeout = timeout
        self.announcer = announcer
        self.stopping = threading.Event()

    def run(self, operation: rows.Row, lease: Lease) -> None:
        """Run a claimed operation until it ends, waits, or is another's. Raises nothing: what happened stands in the database."""
        who = {name: operation[name] for name in ("request_id", "project_id", "user_id")}
        RequestContext(operation_id=operation["id"], **who)
        self.announcer.begun(operation)
        run = Run(self._db, operation, lease, cancellable=LIFECYCLE[operation["kind"]].cancellable, stopping=self.stopping)
        try:
            # Just before each request to the outside: the answer must come before another conductor can take the operation.
            with sending.checked(lambda: lease.check(self._timeout)):
                self._attempt(run)
        except NotYet as wait:
            LOG.debug("Operation %s waits: %s", run.id, wait.reason)
            self._park(run, wait, vain=False)
        except LeaseLost:
            LOG.warning("Operation %s is another conductor's now", run.id)
        except (Outage, DBError, StorageFailure) as outage:
            LOG.warning("Operation %s is kept: %s", run.id, outage)
            # A database's words have statements in them, and its reader may be a tenant.
            reason = str(outage) if isinstance(outage, Outage) else "The database failed."
            self._park(run, NotYet(reason, seconds=backoff(operation["attempts"] + 1)), vain=True)
        except Exception:  # a bug of ours: the operation is kept, and becomes a fault in the end
            LOG.exception("Operation %s (%s) could not be carried on", run.id, operation["kind"])
            self._park(run, NotYet("An unexpected error.", seconds=backoff(operation["attempts"] + 1)), vain=True)

    def _attempt(self, run: Run) -> None:
        backend = persistence.FencedBackend(run)
        flow = self._kinds[run.operation["kind"]].build(run.operation["arguments"])
        for task in kinds.tasks_of(flow):
            task.run = run
            # An exception that leaves a revert would lose every undo before it.
            task.revert = _until_done(task.revert)
            if LIFECYCLE[run.operation["kind"]].deadline is None:
                task.execute = _until_done(task.execute)
        try:
            engine = self._loaded(run, flow, backend)
        except (DBError, StorageFailure):
            raise
        except Exception:  # rows that are no logbook, or of another flow
            LOG.exception("The logbook of operation %s (%s) cannot be read", run.id, run.operation["kind"])
            self.announcer.ended(*unreadable.give_up(run, list(kinds.tasks_of(flow)), self._injected(run)))
            return
        if engine.storage.get_flow_state() not in _ENDED:
            self._run_engine(engine)
        self.announcer.ended(*ending.end(run, engine.storage))

    def _loaded(self, run: Run, flow: Any, backend: persistence.FencedBackend) -> Any:
        """The engine, where the logbook stands."""
        detail = persistence.load(run, backend)
        if detail is None:
            detail = persistence.create(run, backend, [task.name for task in kinds.tasks_of(flow)])
        engine = taskflow.engines.load(flow, flow_detail=detail, backend=backend, engine="serial", defer_reverts=True)
        engine.compile()
        # Preparing makes a flow that was undone one that has not begun, and it would start again from its first task.
        if detail.state not in _ENDED:
            engine.prepare()
            engine.storage.inject(self._injected(run), transient=True)
        return engine

    @staticmethod
    def _run_engine(engine: Any) -> None:
        try:
            engine.run()
        except (DBError, StorageFailure):
            raise
        except Exception as error:  # whatever a task raised: TaskFlow has undone the flow and saved why
            if engine.storage.get_flow_state() != states.REVERTED:
                LOG.exception("The flow stopped in state %s", engine.storage.get_flow_state())
                raise Outage("The flow stopped; it is tried again.") from error
            LOG.info("The flow was undone: %s", Failure().exception_str)

    def _injected(self, run: Run) -> dict[str, Any]:
        guarded = {name: Guarded(gateway) for name, gateway in self._gateways.items()}
        return {**run.operation["arguments"], **guarded, **self._tools, "operation_id": run.id, "project_id": run.operation["project_id"]}

    def _park(self, run: Run, wait: NotYet, *, vain: bool) -> None:
        node = wait.wait
        columns = {} if node is None else {"wait_node": node.node_id, "wait_for": node.until, "wait_since": node.since}

        def park(conn: Any) -> None:
            if vain and run.operation["attempts"] >= PATIENCE:
                faults.record(conn, kind="operation", target_id=run.id, operation_id=run.id, code="keeps_failing", message=wait.reason)
            operations.park(conn, run.id, run.generation, reason=wait.reason, seconds=wait.seconds, wait=columns, vain=vain)

        try:
            run.transact(park)
        except (LeaseLost, Outage):
            # Its lease will run out, and some conductor will take it from there.
            LOG.warning("Operation %s could not be parked", run.id)


def _until_done(execute: Callable[..., Any]) -> Callable[..., Any]:
    """For undoing, and operations without a deadline: no answer is the last one; the operation is kept and tried again."""

    @functools.wraps(execute)
    def call(*args: Any, **kwargs: Any) -> Any:
        try:
            return execute(*args, **kwargs)
        except Exception as error:  # refusals and bugs alike; the operator gets a fault in the end
            LOG.exception("A step that must be done in the end failed")
            raise Outage(str(error)) from error

    return call
