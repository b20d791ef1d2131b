# SPDX-License-Identifier: Apache-2.0
"""The controller of locks."""

from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.features.locking import policy, schema, service


def set_lock(call: Call, server_id: str) -> Answer:
    """PUT /v1/servers/{server_id}/states/lock: 202, though it is done already, as the contract has it."""
    service.set_lock(call, server_id)
    return Answer(202)


ROUTES = [
    Route("PUT", "/v1/servers/{server_id}/states/lock", set_lock, policy.SET, body=schema.SET, answers={202: None}, refuses=(409,)),
]
