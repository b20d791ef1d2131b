# SPDX-License-Identifier: Apache-2.0
"""The controller and view of dry runs."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.features.scheduling import policy, schema, service

_OBJECTS = views.Json({"type": "array", "items": {"type": "object"}})


class DryRun(views.View):
    """What a create would find now: ``count`` machines of ``max_count``, and whether that is enough.

    ``explanation`` is what ``placement`` of an operation has. Operators also see ``nodes`` that a claim of this moment takes, each with its
    pool, in the order of ``weighers``, and ``other_pools`` in which enough fit.
    """

    fits = bool
    count = int
    explanation = views.Json({"type": "object"})
    nodes = views.Attribute(_OBJECTS, always=False)
    other_pools = views.Attribute(_OBJECTS, always=False)
    weighers = views.Attribute([wtypes.text], always=False)


def dry_run(call: Call) -> Answer:
    """POST /v1/scheduling/dry-run: the body of a create of servers; 200 with what it would find, enough or not."""
    found = service.dry_run(call)
    why = found.explanation
    values: dict[str, Any] = {"fits": why.fits, "count": why.fitting, "explanation": why.told()}
    if call.context.is_operator:
        values |= {"nodes": found.nodes, "other_pools": why.placement()["other_pools"], "weighers": call.services.ranking.names}
    return Answer(200, views.single(DryRun, values))


ROUTES = [
    Route(
        "POST",
        "/v1/scheduling/dry-run",
        dry_run,
        policy.DRY_RUN,
        body=schema.DRY_RUN,
        query={6: schema.EMPTY},
        since=6,
        answers={200: DryRun},
        refuses=(404, 409),
    ),
]
