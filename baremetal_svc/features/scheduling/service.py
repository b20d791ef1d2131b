# SPDX-License-Identifier: Apache-2.0
"""The use case of scheduling: what a create would find now. Nothing is claimed, locked or written."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api import placement
from baremetal_svc.api.call import Call
from baremetal_svc.db import groups, nodes, pools
from baremetal_svc.domain.scheduling import Explanation
from baremetal_svc.domain.spread import Candidate
from baremetal_svc.scheduler.alternatives import Asked
from baremetal_svc.scheduler.claim import Request, look
from baremetal_svc.scheduler.explanation import rehearse


@dataclass(frozen=True, slots=True)
class Found:
    """What a claim would find; ``nodes``: uuid, name and pool of those that it would take, for operators."""

    explanation: Explanation
    nodes: list[dict[str, Any]]


def dry_run(call: Call) -> Found:
    """What a create of these servers would find now, whatever the project's quotas.

    :raises NotFound: flavor, group, reservation or zone. :raises Conflict: the flavor is disabled, or the reservation is over.
    :raises Forbidden: no pool of the flavor is open. :raises Invalid: counts, or the group's rule can never hold.
    """
    least, most = placement.counts(call)
    return call.services.db.query(lambda conn: _found(conn, call, least, most))


def _found(conn: Connection, call: Call, least: int, most: int) -> Found:
    where, operator = placement.look_up(conn, call), call.context.is_operator
    group, image_id = where.group, call.body["server"].get("image_uuid")
    rule, places = (None, []) if group is None else (groups.rule_of(group), groups.places_of(conn, group["id"]))
    request = Request(
        where.pool_ids,
        where.resource_class,
        where.tags,
        image_id=image_id and image_id.lower(),
        setup=where.setup,
        reservation_id=where.reservation_id,
    )
    asked = Asked(request, rule, places, where.zone, where.flavor["id"], str(call.context.project_id))
    why = rehearse(conn, asked, wanted=most, least=least, pools_too=operator)
    if not (operator and why.fits):
        return Found(why, [])
    return Found(why, _named(conn, look(conn, request, rule, places, why.fitting, call.services.ranking)))


def _named(conn: Connection, taken: list[Candidate]) -> list[dict[str, Any]]:
    names, of_pools = nodes.called(conn, [node.node_id for node in taken]), pools.names(conn, sorted({node.pool_id for node in taken}))
    return [
        {
            "uuid": node.node_id,
            "name": names.get(node.node_id, node.node_id),
            "pool": {"uuid": node.pool_id, "name": of_pools.get(node.pool_id, node.pool_id)},
        }
        for node in taken
    ]
