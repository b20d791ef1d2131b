# SPDX-License-Identifier: Apache-2.0
"""The controllers of rebuild, retry and reset."""

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import STARTED
from baremetal_svc.features.rebuild import policy, schema, service


def set_provision(call: Call, server_id: str) -> Answer:
    """PUT /v1/servers/{server_id}/states/provision: 202, the operation in Location."""
    operation_id = service.retry(call, server_id) if call.body["target"] == "retry" else service.rebuild(call, server_id)
    return Answer(202, None, views.started(call, operation_id, server_id))


def reset(call: Call, server_id: str) -> Answer:
    """PUT /v1/servers/{server_id}/states/reset: the status is what its machine shows, from ``error`` or from where it was left."""
    return Answer(200, {"status": service.reset(call, server_id)})


class Reset(views.View):
    """The status from now on."""

    status = wtypes.text


ROUTES = [
    Route(
        "PUT",
        "/v1/servers/{server_id}/states/provision",
        set_provision,
        policy.SET,
        body=schema.SET,
        answers={202: STARTED},
        refuses=(409,),
    ),
    Route("PUT", "/v1/servers/{server_id}/states/reset", reset, policy.RESET, since=4, answers={200: Reset}, refuses=(409,)),
]
