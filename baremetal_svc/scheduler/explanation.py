# SPDX-License-Identifier: Apache-2.0
"""Why as many nodes fit as do: each predicate in order with the nodes that it left, in one query; changes nothing."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, select

from baremetal_svc.db import groups, servers
from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim, Fault, Node, NodeTag, PoolMember
from baremetal_svc.domain.scheduling import PREDICATES, Explanation, funnel
from baremetal_svc.domain.spread import Candidate, Rule
from baremetal_svc.scheduler.alternatives import Asked, with_alternatives
from baremetal_svc.scheduler.claim import Request, look

NODE, MEMBER, FAULT = Node.__table__.c, PoolMember.__table__.c, Fault.__table__.c

#: The predicates of the domain once more; a test compares both on every kind of node.
CONDITIONS: dict[str, Any] = {
    "known to Ironic": NODE.gone.is_(sa.false()),
    "has a resource class": NODE.resource_class.is_not(None),
    "not retired": NODE.retired.is_(sa.false()),
    "not in maintenance": NODE.maintenance.is_(sa.false()),
    "without a fault": sa.not_(sa.exists().where(FAULT.target_id == NODE.id, FAULT.cleared_at.is_(None))),
    "not held by a server": sa.not_(sa.exists().where(Claim.held_node == NODE.id)),
    "not used by another system": NODE.instance_id.is_(None),
    "available in Ironic": NODE.provision_state == "available",
    "past the quarantine after its release": NODE.hold_until <= now(),
}
MEMBERS = "in the flavor's pools and resource class"
#: Beyond so many it does not matter how many a group's rule leaves.
MOST = 1000


def explain(
    conn: Connection, request: Request, *, wanted: int, least: int, rule: Rule | None, places: Sequence[tuple[str, str]]
) -> tuple[Explanation, list[Candidate]]:
    """The explanation, and the nodes that would have been taken, at most as many as wanted.

    :param places: (zone, path) of the nodes that the group's members hold already.
    """
    names, counts = _counts(conn, request)
    fitting = look(conn, request, rule, places, max(wanted, MOST if rule is not None else 0))
    if rule is not None:
        names.append(f"left by the group's rule ({rule.policy})")
        counts.append(len(fitting))
    if len(fitting) < wanted:
        # Fewer than the predicates left, where somebody is about to take some, or recomputation is on its way.
        names.append("on offer now")
        counts.append(len(fitting))
    return Explanation(funnel(names, counts), wanted, least, min(len(fitting), wanted)), fitting[:wanted]


def rehearse(conn: Connection, asked: Asked, *, wanted: int, least: int, pools_too: bool = True) -> tuple[Explanation, list[Candidate]]:
    """The explanation with what would fit instead, and the nodes that a claim would take now, none where it would be refused.

    :param pools_too: look for other pools as well, which are for operators.
    """
    request, rule, places = asked.request, asked.rule, asked.places
    why, found = explain(conn, request, wanted=wanted, least=least, rule=rule, places=places)
    if rule is not None and len(found) == wanted:
        # Chosen among more than that many: a claim of fewer chooses otherwise.
        found = look(conn, request, rule, places, wanted)
    return with_alternatives(conn, why, asked, pools_too=pools_too), found if why.fits else []


def explain_claim(conn: Connection, server_id: str, request: Request, *, wanted: int, least: int) -> Explanation:
    """The explanation for a server that got no node, or a batch of which it is one, with what would fit instead."""
    group, server = groups.of_server(conn, server_id), servers.get(conn, server_id)
    rule, places = (None, []) if group is None else (groups.rule_of(group), groups.places_held(conn, [server_id]))
    why = explain(conn, request, wanted=wanted, least=least, rule=rule, places=places)[0]
    if server is None:
        return why
    asked = Asked(request, rule, places, server["availability_zone"], server["flavor_id"], server["project_id"])
    return with_alternatives(conn, why, asked)


def _counts(conn: Connection, request: Request) -> tuple[list[str], list[int]]:
    member = select(MEMBER.node_id).where(MEMBER.pool_id.in_(request.pool_ids)).distinct().subquery()
    names = [MEMBERS]
    conditions: list[Any] = [sa.true()]
    for predicate in PREDICATES:
        names.append(predicate.name)
        conditions.append(CONDITIONS[predicate.name])
    for tag in request.tags:
        names.append(f"carries the tag {tag}")
        conditions.append(sa.exists().where(NodeTag.node_id == NODE.id, NodeTag.tag == tag))
    if request.excluded:
        names.append("not tried before")
        conditions.append(NODE.id.not_in(request.excluded))
    # Each sum counts the nodes that pass the conditions up to its own.
    sums = [sa.func.coalesce(sa.func.sum(sa.case((sa.and_(*conditions[: n + 1]), 1), else_=0)), 0) for n in range(len(conditions))]
    statement = select(*sums).select_from(Node.__table__).join(member, member.c.node_id == NODE.id)
    row = conn.execute(statement.where(NODE.resource_class == request.resource_class)).one()
    return names, [int(count) for count in row]
