# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of limits."""

from typing import Any

from wsme import types as wtypes

from baremetal_svc.api import editing, views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.validation import closed
from baremetal_svc.domain.quota import KEYPAIRS
from baremetal_svc.features.quotas import policy, schema, service

_COUNT = {"type": "integer"}


def _by_resource(uses: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": closed(uses, list(uses))}


class Limits(views.View):
    """By resource {"limit", "usage"}; a limit of -1 is none, "flavor:UUID" are servers of that flavor."""

    limits = views.Json(_by_resource({"limit": _COUNT, "usage": _COUNT}))


class Quotas(views.View):
    """By resource {"limit", "usage", "default"}; ``usage`` of key pairs is null, since each user has a count."""

    project_id = wtypes.text
    quotas = views.Json(_by_resource({"limit": _COUNT, "usage": {"type": ["integer", "null"]}, "default": {"type": "boolean"}}))


def limits(call: Call) -> Answer:
    """GET /v1/limits."""
    found = {use.resource: {"limit": use.limit, "usage": use.usage} for use in service.limits(call).uses}
    return Answer(200, views.single(Limits, {"limits": found}))


def show(call: Call, project: str) -> Answer:
    """GET /v1/quotas/{project}."""
    return _answer(service.show(call, project))


def update(call: Call, project: str) -> Answer:
    """PUT /v1/quotas/{project}: 200."""
    return _answer(service.update(call, project))


def delete(call: Call, project: str) -> Answer:
    """DELETE /v1/quotas/{project}: 204."""
    service.delete(call, project)
    return Answer(204)


def _answer(report: service.Report) -> Answer:
    found: dict[str, Any] = {
        use.resource: {
            "limit": use.limit,
            "usage": None if use.resource == KEYPAIRS else use.usage,
            "default": use.resource not in report.explicit,
        }
        for use in report.uses
    }
    return Answer(200, views.single(Quotas, {"project_id": report.project_id, "quotas": found}), {"ETag": editing.etag(report.explicit)})


_ONE = "/v1/quotas/{project}"
ROUTES = [
    Route("GET", "/v1/limits", limits, policy.LIMITS, since=3, answers={200: Limits}),
    Route("GET", _ONE, show, policy.SHOW, since=3, answers={200: Quotas}),
    Route("PUT", _ONE, update, policy.UPDATE, body=schema.SET, since=3, answers={200: Quotas}, refuses=(409, 412)),
    Route("DELETE", _ONE, delete, policy.DELETE, since=3, answers={204: None}, refuses=(409,)),
]
