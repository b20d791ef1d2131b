# SPDX-License-Identifier: Apache-2.0
"""Controllers and views of connections."""

from wsme import types as wtypes

from baremetal_svc.api import views
from baremetal_svc.api.call import Answer, Call
from baremetal_svc.api.routing import Route
from baremetal_svc.api.shapes import STARTED
from baremetal_svc.features.networks import policy, schema, service

_NETWORKS = "/v1/servers/{server_id}/networks"


class Nic(views.View):
    """A NIC of a server; ``port_id`` is null while it is being attached."""

    port_id = wtypes.text
    network_id = wtypes.text
    mac_address = wtypes.text
    fixed_ips = views.Json({"type": "array", "items": {"type": "object"}})
    floating_ip = wtypes.text


class Nics(views.View):
    """All of them."""

    nics = [Nic]


def index(call: Call, server_id: str) -> Answer:
    """GET /v1/servers/{server_id}/networks."""
    names = ("port_id", "network_id", "mac_address", "fixed_ips", "floating_ip")
    return Answer(200, {"nics": [{name: nic[name] for name in names} for nic in service.page(call, server_id)]})


def attach(call: Call, server_id: str) -> Answer:
    """POST /v1/servers/{server_id}/networks/interfaces: 204 at once, the operation in Location."""
    return Answer(204, None, views.started(call, service.attach(call, server_id), server_id))


def detach(call: Call, server_id: str, port_id: str) -> Answer:
    """DELETE /v1/servers/{server_id}/networks/interfaces/{port_id}: 204 at once, the operation in Location."""
    return Answer(204, None, views.started(call, service.detach(call, server_id, port_id), server_id))


def associate(call: Call, server_id: str) -> Answer:
    """POST /v1/servers/{server_id}/networks/floatingips: 204."""
    service.associate(call, server_id)
    return Answer(204)


def disassociate(call: Call, server_id: str, address: str) -> Answer:
    """DELETE /v1/servers/{server_id}/networks/floatingips/{address}: 204."""
    service.disassociate(call, server_id, address)
    return Answer(204)


ROUTES = [
    Route("GET", _NETWORKS, index, policy.LIST, answers={200: Nics}, leads={"port_id": "$response.body#/nics/0/port_id"}),
    Route("POST", f"{_NETWORKS}/interfaces", attach, policy.ATTACH, body=schema.ATTACH, answers={204: STARTED}, refuses=(409,)),
    Route("DELETE", f"{_NETWORKS}/interfaces/{{port_id}}", detach, policy.DETACH, answers={204: STARTED}, refuses=(409,)),
    Route(
        "POST",
        f"{_NETWORKS}/floatingips",
        associate,
        policy.ASSOCIATE,
        body=schema.ASSOCIATE,
        answers={204: None},
        refuses=(409,),
        leads={"address": "$request.body#/address"},
    ),
    Route("DELETE", f"{_NETWORKS}/floatingips/{{address}}", disassociate, policy.DISASSOCIATE, answers={204: None}, refuses=(409,)),
]
