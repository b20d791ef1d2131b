# SPDX-License-Identifier: Apache-2.0
"""How many operations are live, which faults stand and what pools hold, by what they are: for metrics, never row by row."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import capacity, rows
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Fault, Operation, Server
from baremetal_svc.domain.operation import LIVE

OP = Operation.__table__.c
FAULT = Fault.__table__.c
SERVER = Server.__table__.c


def take(conn: Connection) -> Mapping[str, Sequence[rows.Row]]:
    """{"operations": [kind, state, count, age of the oldest in seconds], "faults": [target_kind, code, count],

    "pools": [name, as_of, low, states]}.
    """
    return {"operations": rows.all_of(conn, _OPERATIONS), "faults": rows.all_of(conn, _FAULTS), "pools": capacity.by_name(conn)}


_LIVE = OP.state.in_(sorted(LIVE))
_OPERATIONS = (
    select(OP.kind, OP.state, sa.func.count().label("count"), (now() - sa.func.min(OP.created_at)).label("age"))
    .where(_LIVE)
    .group_by(OP.kind, OP.state)
)
# Nobody clears the fault of a server that is deleted or of an operation that has ended: they stand no more.
_STANDS = sa.or_(
    FAULT.target_kind.not_in(["server", "operation"]),
    sa.exists().where(SERVER.id == FAULT.target_id, FAULT.target_kind == "server"),
    sa.exists().where(OP.id == FAULT.target_id, _LIVE, FAULT.target_kind == "operation"),
)
_FAULTS = (
    select(FAULT.target_kind, FAULT.code, sa.func.count().label("count"))
    .where(FAULT.cleared_at.is_(None), _STANDS)
    .group_by(FAULT.target_kind, FAULT.code)
)
