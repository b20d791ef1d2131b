# SPDX-License-Identifier: Apache-2.0
"""Networks and ports that a request names: looked up in the caller's name before anything is written, and promised to one server."""

from collections.abc import Sequence

from sqlalchemy import Connection

from baremetal_svc.api.call import Call
from baremetal_svc.db import nics, quotas
from baremetal_svc.domain.errors import Conflict, Invalid, NotFound, existing


def check_network(call: Call, network_id: str, project: str) -> None:
    """:raises NotFound: none that the server's project may use. :raises Invalid: it has no subnet. :raises Unavailable: Neutron is away."""
    neutron = call.services.gateways.neutron
    if not existing(neutron.get_network(network_id, project, call.context.auth_token), "network", network_id).subnet_ids:
        raise Invalid(f"Network {network_id} has no subnet.")


def check_port(call: Call, port_id: str, project: str) -> None:
    """:raises NotFound: the server's project has none. :raises Conflict: it is in use. :raises Unavailable: Neutron is away."""
    port = call.services.gateways.neutron.get_port(port_id, call.context.auth_token)
    if port is None or port.project_id != project:
        raise NotFound(f"There is no port {port_id}.")
    if port.device_id:
        raise _in_use(port_id)


def promise(conn: Connection, port_ids: Sequence[str], project: str) -> None:
    """Keep other requests of the project from promising one of its ports until this transaction, which writes the NICs, has ended.

    :raises Conflict: a server is being connected to one, which Neutron may not know yet.
    """
    if port_ids:
        quotas.queue_up(conn, f"project:{project}")
    for port_id in port_ids:
        if nics.is_promised(conn, port_id):
            raise _in_use(port_id)


def _in_use(port_id: str) -> Conflict:
    return Conflict(f"Port {port_id} is in use.", hint="Choose a free port.")
