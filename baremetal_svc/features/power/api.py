# SPDX-License-Identifier: Apache-2.0
"""The controller of power."""

from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import STARTED
from baremetal_svc.features.power import policy, schema, service


def set_power(call: Call, server_id: str) -> Answer:
    """PUT /v1/servers/{server_id}/states/power: 202, the operation in Location."""
    operation_id = service.set_power(call, server_id)
    return Answer(202, None, {"Location": f"{call.base}/v1/operations/{operation_id}"})


ROUTES = [
    Route("PUT", "/v1/servers/{server_id}/states/power", set_power, policy.SET, body=schema.SET, answers={202: STARTED}, refuses=(409,)),
]
