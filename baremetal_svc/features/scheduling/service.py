# SPDX-License-Identifier: Apache-2.0
"""The use case of scheduling: what a create would find now. Nothing is claimed, locked or written."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from baremetal_svc.api import placement
from baremetal_svc.api.call import Call
from baremetal_svc.db import groups, nodes, pools
from baremetal_svc.domain.scheduling import Explanation, wanted_tags
from baremetal_svc.domain.setup import Setup
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

    :raises NotFound: flavor, group or zone. :raises Conflict: the flavor is disabled. :raises Forbidden: no pool of it is open.
    :raises Invalid: counts, or the group's rule can never hold.
    """
    least, most = placement.counts(call)
    return call.services.db.query(lambda conn: _found(conn, call, least, most))


def _found(conn: Connection, call: Call, least: int, most: int) -> Found:
    where, operator = placement.look_up(conn, call), call.context.is_operator
    group, flavor = where.group, where.flavor
    rule, places = (None, []) if group is None else (groups.rule_of(group), groups.places_of(conn, group["id"]))
    tags, image_id = wanted_tags(where.zone, flavor["resource_aggregates"]), call.body["server"].get("image_uuid")
    asked_image, setup = image_id and image_id.lower(), Setup.of_flavor(flavor)
    request = Request(where.pool_ids, flavor["resource_class"], tags, image_id=asked_image, setup=setup)
    asked = Asked(request, rule, places, where.zone, flavor["id"], str(call.context.project_id))
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
