# SPDX-License-Identifier: Apache-2.0
"""Why as many nodes fit as do: each predicate in order with the nodes that it left, in one query; changes nothing."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import candidates, groups, reservations, servers
from baremetal_svc.db.conditions import CONDITIONS
from baremetal_svc.db.models import Node, PoolMember
from baremetal_svc.domain.scheduling import BY_RULE, PREDICATES, RESERVED, Explanation, funnel
from baremetal_svc.domain.spread import Rule
from baremetal_svc.scheduler.alternatives import Asked, with_alternatives
from baremetal_svc.scheduler.claim import Request
from baremetal_svc.scheduler.fitting import fitting

NODE, MEMBER = Node.__table__.c, PoolMember.__table__.c

MEMBERS = "in the flavor's pools and resource class"
HELD_FOR_IT = "held by the reservation"


def explain(
    conn: Connection, request: Request, *, wanted: int, least: int, rule: Rule | None, places: Sequence[tuple[str, str]]
) -> Explanation:
    """The explanation.

    :param places: (zone, path) of the nodes that the group's members hold already.
    """
    names, counts = _counts(conn, request)
    found = fitting(conn, request, rule, places, wanted)
    if rule is not None:
        names.append(f"{BY_RULE} ({rule.policy})")
        counts.append(found)
    if found < wanted:
        # Fewer than the predicates left, where somebody is about to take some, or recomputation is on its way.
        names.append("on offer now")
        counts.append(found)
    return Explanation(funnel(names, counts), wanted, least, min(found, wanted), reserved=request.reservation_id is not None)


def rehearse(conn: Connection, asked: Asked, *, wanted: int, least: int, pools_too: bool) -> Explanation:
    """The explanation with what would fit instead.

    :param pools_too: look for other pools as well, which are for operators.
    """
    why = explain(conn, asked.request, wanted=wanted, least=least, rule=asked.rule, places=asked.places)
    return with_alternatives(conn, why, asked, pools_too=pools_too)


def explain_claim(conn: Connection, server_id: str, request: Request, *, wanted: int, least: int) -> Explanation:
    """The explanation for a server that got no node, or a batch of which it is one, with what would fit instead.

    What others of the batch have got by then counts.
    """
    group, server = groups.of_server(conn, server_id), servers.get(conn, server_id)
    rule, places = (None, []) if group is None else (groups.rule_of(group), groups.places_of(conn, group["id"]))
    if server is None:
        return explain(conn, request, wanted=wanted, least=least, rule=rule, places=places)
    asked = Asked(request, rule, places, server["availability_zone"], server["flavor_id"], server["project_id"])
    return rehearse(conn, asked, wanted=wanted, least=least, pools_too=True)


def _counts(conn: Connection, request: Request) -> tuple[list[str], list[int]]:
    names, conditions = [MEMBERS if request.reservation_id is None else HELD_FOR_IT], []
    for predicate in PREDICATES:
        if request.reservation_id is None or predicate.name != RESERVED:
            names.append(predicate.name)
            conditions.append(CONDITIONS[predicate.name])
    names += [f"carries the tag {tag}" for tag in request.tags]
    conditions += candidates.carrying(NODE.id, request.tags)
    names += [condition.name for condition in request.setup.conditions]
    conditions += candidates.knowing(NODE.id, ((condition.fact, condition.has) for condition in request.setup.conditions))
    if request.excluded:
        names.append("not tried before")
        conditions.append(NODE.id.not_in(request.excluded))
    # Of each node the number of the first condition that it fails, so that none is asked twice.
    failed = sa.case(*((sa.not_(condition), number) for number, condition in enumerate(conditions, 1)), else_=0).label("failed")
    if request.reservation_id is None:
        member = select(MEMBER.node_id).where(MEMBER.pool_id.in_(request.pool_ids))
        members = (member.distinct() if len(request.pool_ids) > 1 else member).subquery()
    else:
        members = reservations.standing(request.reservation_id).subquery()
    nodes = select(failed).select_from(Node.__table__).join(members, members.c.node_id == NODE.id)
    first = nodes.where(NODE.resource_class == request.resource_class).subquery()
    by_failure: dict[int, int] = dict(conn.execute(select(first.c.failed, sa.func.count()).group_by(first.c.failed)).tuples().all())
    total = sum(by_failure.values())
    return names, [total - sum(by_failure.get(number, 0) for number in range(1, last + 1)) for last in range(len(names))]
