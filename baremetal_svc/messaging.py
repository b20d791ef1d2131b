# SPDX-License-Identifier: Apache-2.0
"""The bus: one topic, one cast "run(operation_id)". Safe to lose and to deliver twice."""

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.rpc.dispatcher import DefaultRPCAccessPolicy

TOPIC = "baremetal_svc.conductor"


def transport(conf: cfg.ConfigOpts) -> oslo_messaging.Transport:
    """The RPC transport that the configuration names (fake:// embedded, rabbit:// at scale)."""
    return oslo_messaging.get_rpc_transport(conf)


def client(rpc_transport: oslo_messaging.Transport) -> oslo_messaging.RPCClient:
    """A client for casts to any conductor."""
    return oslo_messaging.get_rpc_client(rpc_transport, oslo_messaging.Target(topic=TOPIC))


def server(rpc_transport: oslo_messaging.Transport, name: str, endpoint: object) -> oslo_messaging.server.MessageHandlingServer:
    """A server of the topic under the given host name."""
    target = oslo_messaging.Target(topic=TOPIC, server=name)
    return oslo_messaging.get_rpc_server(rpc_transport, target, [endpoint], access_policy=DefaultRPCAccessPolicy)
