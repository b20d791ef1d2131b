# SPDX-License-Identifier: Apache-2.0
"""The controller of power."""

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import STARTED
from baremetal_svc.features.power import policy, schema, service


def set_power(call: Call, server_id: str) -> Answer:
    """PUT /v1/servers/{server_id}/states/power: 202, the operation in Location."""
    return Answer(202, None, views.started(call, service.set_power(call, server_id), server_id))


ROUTES = [
    Route("PUT", "/v1/servers/{server_id}/states/power", set_power, policy.SET, body=schema.SET, answers={202: STARTED}, refuses=(409,)),
]
