# SPDX-License-Identifier: Apache-2.0
"""Operations: insert, claim with a lease and a fence, park, wake, finish. Every change of a running one names its generation."""

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select, update

from baremetal_svc.db import rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Operation, Secret, Server, Step
from baremetal_svc.domain.operation import FINAL, IN_VAIN, LIVE, State, StepState

OP = Operation.__table__.c
STEP = Step.__table__.c
#: Kinds that make a server.
MAKING = ("servers.create", "adoption.adopt")
#: Operations of the past that an estimate is made from.
PAST = 20


_NEW = {"state": State.PENDING, "generation": 0, "attempts": 0, "cancel_requested": False, "seq": 0}


def insert(conn: Connection, values: Mapping[str, Any], *, deadline: float | None) -> None:
    """Insert a pending operation, due now unless it is blocked by another.

    :param values: id, kind, shape, target_id, arguments and, as they apply, live_server | live_delete | live_release, blocked_by,
        request_id, user_id, project_id or of_server: the server whose project it is of.
    :param deadline: seconds from now, None for never.
    :raises DBDuplicateEntry: another live operation holds the same live column.
    """
    statement = _insert(values.get("blocked_by") is not None, deadline is not None, "of_server" in values)
    conn.execute(statement, {**_NEW, **values, **({} if deadline is None else {"seconds": deadline})})


@lru_cache
def _insert(blocked: bool, lasting: bool, of_server: bool) -> sa.Insert:
    """Built once: that takes longer than the statement."""
    until = now() + sa.bindparam("seconds", type_=OP.deadline_at.type) if lasting else sa.null()
    server = Server.__table__.c
    project = select(server.project_id).where(server.id == sa.bindparam("of_server")).scalar_subquery()
    moments = {"created_at": now(), "updated_at": now(), "wake_at": sa.null() if blocked else now(), "deadline_at": until}
    return sa.insert(Operation.__table__).values(**moments, **({"project_id": project} if of_server else {}))


def get(conn: Connection, operation_id: str) -> rows.Row | None:
    """One operation."""
    return rows.one(conn, select(Operation.__table__).where(OP.id == operation_id))


def live_of(conn: Connection, server_id: str, *, lock: bool = False) -> rows.Row | None:
    """The live operation of a server that is not its delete, or None; ``lock`` keeps it from ending before this transaction does."""
    statement = select(Operation.__table__).where(OP.live_server == server_id)
    return rows.one(conn, statement.with_for_update() if lock else statement)


def live_delete_of(conn: Connection, server_id: str) -> rows.Row | None:
    """The live delete of a server, or None."""
    return rows.one(conn, select(Operation.__table__).where(OP.live_delete == server_id))


def last_of(conn: Connection, server_id: str, kinds: Sequence[str]) -> rows.Row | None:
    """The newest operation of a server of these kinds, whatever became of it, or None."""
    statement = select(Operation.__table__).where(OP.target_id == server_id, OP.kind.in_(kinds))
    return rows.one(conn, statement.order_by(OP.created_at.desc()).limit(1))


def last_failed_of(conn: Connection, server_id: str) -> rows.Row | None:
    """The newest operation of a server that failed or was cancelled, or None: its error is the server's fault."""
    statement = select(Operation.__table__).where(OP.target_id == server_id, OP.state.in_(sorted(IN_VAIN)))
    return rows.one(conn, statement.order_by(OP.created_at.desc()).limit(1))


def create_of(conn: Connection, server_id: str) -> str | None:
    """Id of the operation that was to create or adopt a server: the first one, where it was retried."""
    statement = select(OP.id).where(OP.target_id == server_id, OP.kind.in_(MAKING))
    return conn.execute(statement.order_by(OP.created_at).limit(1)).scalar()


def steps_of(conn: Connection, operation_id: str) -> list[rows.Row]:
    """The steps in the order of the flow."""
    return rows.all_of(conn, select(Step.__table__).where(STEP.operation_id == operation_id).order_by(STEP.position))


def estimates(conn: Connection, operation: rows.Row) -> dict[str, float]:
    """Mean seconds of each step over the last operations of the kind that were done for the same project and flavor; {} for none."""
    server = Server.__table__.c
    project = OP.project_id.is_(None) if operation["project_id"] is None else OP.project_id == operation["project_id"]
    past = select(OP.id).where(project, OP.kind == operation["kind"], OP.state == State.DONE).order_by(OP.created_at.desc()).limit(PAST)
    flavor = conn.execute(select(server.flavor_id).where(server.id == operation["target_id"])).scalar()
    if flavor is not None:
        past = past.join(Server.__table__, server.id == OP.target_id).where(server.flavor_id == flavor)
    ids = conn.execute(past).scalars().all()
    if not ids:
        return {}
    mean = select(STEP.name, sa.func.avg(STEP.ended_at - STEP.started_at))
    taken = mean.where(STEP.operation_id.in_(ids), STEP.state == StepState.DONE, STEP.started_at.is_not(None)).group_by(STEP.name)
    return {name: round(max(0.0, float(seconds)), 3) for name, seconds in conn.execute(taken).tuples() if seconds is not None}


def page(
    conn: Connection, *, project_id: str | None, target_id: str | None, state: str | None, limit: int, marker: rows.Row | None
) -> list[rows.Row]:
    """Newest first; project_id None means all projects."""
    statement = select(Operation.__table__).order_by(OP.created_at.desc(), OP.id.desc()).limit(limit)
    for column, value in ((OP.project_id, project_id), (OP.target_id, target_id), (OP.state, state)):
        if value is not None:
            statement = statement.where(column == value)
    if marker is not None:
        older = sa.or_(OP.created_at < marker["created_at"], sa.and_(OP.created_at == marker["created_at"], OP.id < marker["id"]))
        statement = statement.where(older)
    return rows.all_of(conn, statement)


def due(conn: Connection, kinds: Sequence[tuple[str, int]], limit: int, *, skip_locked: bool) -> list[str]:
    """Ids of operations that may be claimed now: running with a lease that ran out, then those that are due, longest due first.

    Only kinds and shapes that the caller knows.
    """
    asked = {"kinds": list(kinds), "most": limit}
    abandoned, *others = (conn.execute(_due(state, since, skip_locked), asked).tuples().all() for state, since in _SINCE)
    return [operation_id for _, operation_id in [*abandoned, *sorted(itertools.chain(*others))]][:limit]


@lru_cache
def _due(state: State, since: sa.Column[Any], skip_locked: bool) -> sa.Select[Any]:
    # A statement for each state: of two states at once the order would have to be made, of all that are due. Built once: every conductor
    # asks it all the time, and building it takes longer than the answer.
    known = sa.tuple_(OP.kind, OP.shape).in_(sa.bindparam("kinds", expanding=True))
    statement = select(since, OP.id).where(OP.state == state, since <= now(), known).order_by(since).limit(sa.bindparam("most"))
    return statement.with_for_update(skip_locked=True) if skip_locked else statement


def take(conn: Connection, operation_id: str, owner: str, lease: float) -> bool:
    """Compare-and-swap an operation that is due to running under a new generation; False when another was faster."""
    return conn.execute(_TAKE, {"taken_id": operation_id, "taker": owner, "lease": lease}).rowcount == 1


def fence(conn: Connection, operation_id: str, generation: int, **values: Any) -> bool:
    """Touch the row if the generation is still ours and it runs; locks it for the rest of the transaction. False: the lease was lost."""
    statement = _FENCE.values(**values) if values else _FENCE
    return conn.execute(statement, {"held_id": operation_id, "held_generation": generation}).rowcount == 1


def asked_to_stop(conn: Connection, operation_id: str) -> tuple[bool, bool]:
    """Whether a delete or a user asked the operation to stop, and whether its deadline has passed."""
    found = conn.execute(_SIGNS, {"held_id": operation_id}).one()
    return bool(found[0]), bool(found[1])


def renew(conn: Connection, held: Mapping[str, int], lease: float) -> set[str]:
    """Lengthen the leases of {operation id: generation}; the ids that are still ours."""
    mine = sa.tuple_(OP.id, OP.generation).in_(list(held.items()))
    conn.execute(update(Operation).where(mine, OP.state == State.RUNNING).values(lease_until=now() + lease))
    return set(conn.execute(select(OP.id).where(mine, OP.state == State.RUNNING)).scalars())


def park(conn: Connection, operation_id: str, generation: int, *, reason: str, seconds: float, wait: Mapping[str, Any], vain: bool) -> bool:
    """Set a running operation aside until it is woken or the seconds have passed; vain counts an attempt that an outage ended.

    :param wait: wait_node, wait_for and wait_since where it waits for a node. A wait that began after its end was observed is not
        lost: the watcher compares wait_since with the node's observation.
    """
    return fence(
        conn,
        operation_id,
        generation,
        state=State.WAITING,
        owner=None,
        lease_until=None,
        reason=reason[:2000],
        # A cancel or a wake-up that came while it was running must not be slept through.
        wake_at=sa.case(
            (sa.or_(OP.cancel_requested, OP.wake_at.is_not(None)), now()),
            # Not past its deadline; one that is undoing behind it already has the seconds.
            (sa.and_(OP.deadline_at > now(), OP.deadline_at < now() + seconds), OP.deadline_at),
            else_=now() + seconds,
        ),
        **wait,
        attempts=OP.attempts + 1 if vain else 0,
    )


def wake(conn: Connection, operation_id: str) -> None:
    """Make a waiting operation due now; one that is running looks again when it would park."""
    conn.execute(update(Operation).where(OP.id == operation_id, OP.state.in_([State.WAITING, State.RUNNING])).values(wake_at=now()))


def waiting_nodes(conn: Connection) -> set[str]:
    """Ids of the nodes that operations wait for."""
    return set(conn.execute(select(OP.wait_node).where(OP.state == State.WAITING, OP.wait_node.is_not(None))).scalars())


def request_cancel(conn: Connection, operation_id: str) -> None:
    """Ask a live operation to stop at its next task."""
    waiting = OP.state.in_([State.PENDING, State.WAITING])
    conn.execute(
        update(Operation)
        .where(OP.id == operation_id, OP.state.in_(list(LIVE)))
        .values(cancel_requested=True, wake_at=sa.case((sa.and_(waiting, OP.blocked_by.is_(None)), now()), else_=OP.wake_at))
    )


def unblock(conn: Connection, operation_id: str, ended_id: str) -> bool:
    """Make an operation due that waits for one that is not live; False when it does not."""
    other = Operation.__table__.alias("other")
    lives = sa.exists().where(other.c.id == ended_id, other.c.state.in_(sorted(LIVE)))
    if conn.execute(select(lives)).scalar():
        return False
    waits = (OP.id == operation_id, OP.blocked_by == ended_id, OP.state == State.PENDING)
    return conn.execute(update(Operation).where(*waits).values(blocked_by=None, wake_at=now())).rowcount == 1


def forget_secrets(conn: Connection, operation_id: str) -> bool:
    """Delete the secrets of an operation; False when there are none."""
    return conn.execute(sa.delete(Secret).where(Secret.__table__.c.operation_id == operation_id)).rowcount > 0


def finish(conn: Connection, operation_id: str, generation: int, state: State, error: Mapping[str, Any] | None) -> bool:
    """Bring a running operation to its end, free what it blocks and delete its secrets. False: the lease was lost."""
    assert state in FINAL  # noqa: S101 - a bug here would leave an operation for ever
    ended = fence(
        conn,
        operation_id,
        generation,
        state=state,
        error=None if error is None else dict(error),
        owner=None,
        lease_until=None,
        wake_at=None,
        reason=None,
        live_server=None,
        live_delete=None,
        live_release=None,
        ended_at=now(),
    )
    if ended:
        forget_secrets(conn, operation_id)
        unblocked = update(Operation).where(OP.blocked_by == operation_id, OP.state == State.PENDING)
        conn.execute(unblocked.values(blocked_by=None, wake_at=now()))
    return ended


def set_placement(conn: Connection, operation_id: str, placement: Mapping[str, Any]) -> None:
    """Note where the operation's node came from, or why there was none; in a transaction that holds the operation."""
    conn.execute(update(Operation.__table__).where(OP.id == operation_id).values(placement=dict(placement)))


def plan_steps(conn: Connection, operation_id: str, names: Sequence[str]) -> None:
    """Insert the steps that the operation will go through, so that a reader sees them before they begin."""
    values = [
        {"operation_id": operation_id, "name": name, "position": position, "state": "pending", "attempts": 0, "seq": 0}
        for position, name in enumerate(names)
    ]
    if values:
        conn.execute(sa.insert(Step), values)


def forget_steps(conn: Connection, operation_id: str) -> None:
    """Delete the steps of an operation that begins anew."""
    conn.execute(sa.delete(Step.__table__).where(STEP.operation_id == operation_id))


def save_step(conn: Connection, operation_id: str, name: str, state: str) -> None:
    """Write a step's state as its atom was saved; times by the database's clock."""
    begins = state in ("running", "undoing")
    statement = _STEP_BEGINS if begins else _STEP_STANDS if state == "pending" else _STEP_ENDS
    which = {"of": operation_id, "called": name, "reached": state, "more": 1 if state == "running" else 0}
    conn.execute(statement, which)


# What every save sends is built once: building and keying a statement costs more than the database takes for it.
#: States from which an operation is claimed, by what makes it due.
_SINCE = ((State.RUNNING, OP.lease_until), (State.WAITING, OP.wake_at), (State.PENDING, OP.wake_at))
_WAITING = sa.and_(OP.state.in_([State.PENDING, State.WAITING]), OP.wake_at <= now())
_ABANDONED = sa.and_(OP.state == State.RUNNING, OP.lease_until < now())
_TAKE = (
    update(Operation.__table__)
    .where(OP.id == sa.bindparam("taken_id"), sa.or_(_WAITING, _ABANDONED))
    .values(
        state=State.RUNNING,
        owner=sa.bindparam("taker"),
        generation=OP.generation + 1,
        lease_until=now() + sa.bindparam("lease", type_=sa.Double),
        wake_at=None,
        wait_node=None,
        wait_for=None,
        wait_since=None,
        updated_at=now(),
    )
)
_FENCE = (
    update(Operation.__table__)
    .where(OP.id == sa.bindparam("held_id"), OP.generation == sa.bindparam("held_generation"), OP.state == State.RUNNING)
    .values(seq=OP.seq + 1, updated_at=now())
)
_SIGNS = select(OP.cancel_requested, sa.func.coalesce(OP.deadline_at < now(), sa.false())).where(OP.id == sa.bindparam("held_id"))
_STEP = (
    update(Step.__table__)
    .where(STEP.operation_id == sa.bindparam("of"), STEP.name == sa.bindparam("called"), STEP.state != sa.bindparam("reached"))
    .values(
        state=sa.bindparam("reached"),
        attempts=STEP.attempts + sa.bindparam("more"),
        seq=select(OP.seq).where(OP.id == sa.bindparam("of")).scalar_subquery(),
    )
)
_STEP_BEGINS = _STEP.values(started_at=now(), ended_at=None)
_STEP_STANDS = _STEP.values(ended_at=None)
_STEP_ENDS = _STEP.values(ended_at=now())
