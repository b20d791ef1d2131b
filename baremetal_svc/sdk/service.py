# SPDX-License-Identifier: Apache-2.0
"""The service as openstacksdk knows it. ``connection.add_service(SERVICE)``, or ``vendor_hook`` in clouds.yaml, adds it to a connection."""

from openstack.connection import Connection
from openstack.service_description import ServiceDescription

from baremetal_svc.sdk.proxy import Proxy

SERVICE_TYPE = "baremetal_compute"


class BaremetalCompute(ServiceDescription[Proxy]):
    """``connection.baremetal_compute``."""

    supported_versions = {"1": Proxy}


SERVICE = BaremetalCompute(SERVICE_TYPE)


def add_to(connection: Connection) -> None:
    """``vendor_hook: baremetal_svc.sdk.service:add_to``."""
    connection.add_service(SERVICE)
