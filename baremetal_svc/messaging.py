# SPDX-License-Identifier: Apache-2.0
"""The bus: one topic, one cast "run(operation_id)". Safe to lose and to deliver twice."""

import oslo_messaging
from oslo_config import cfg
from oslo_messaging.rpc.dispatcher import DefaultRPCAccessPolicy

TOPIC = "baremetal_svc.conductor"
#: Where Ironic puts its versioned notifications.
IRONIC_TOPIC = "ironic_versioned_notifications"


def transport(conf: cfg.ConfigOpts) -> oslo_messaging.Transport:
    """The RPC transport that the configuration names (fake:// embedded, rabbit:// at scale)."""
    return oslo_messaging.get_rpc_transport(conf)


def check(conf: cfg.ConfigOpts) -> None:
    """:raises ValueError: transport_url is of no kind that there is."""
    try:
        transport(conf).cleanup()
    except oslo_messaging.MessagingException as error:
        raise ValueError(f"transport_url cannot be used: {error}") from error


def client(rpc_transport: oslo_messaging.Transport) -> oslo_messaging.RPCClient:
    """A client for casts to any conductor."""
    return oslo_messaging.get_rpc_client(rpc_transport, oslo_messaging.Target(topic=TOPIC))


def server(rpc_transport: oslo_messaging.Transport, name: str, endpoint: object) -> oslo_messaging.server.MessageHandlingServer:
    """A server of the topic under the given host name."""
    target = oslo_messaging.Target(topic=TOPIC, server=name)
    return oslo_messaging.get_rpc_server(rpc_transport, target, [endpoint], access_policy=DefaultRPCAccessPolicy)


def notifications_transport(conf: cfg.ConfigOpts, url: str) -> oslo_messaging.Transport:
    """The bus that Ironic notifies on."""
    return oslo_messaging.get_notification_transport(conf, url=url)


def listener(transport: oslo_messaging.Transport, endpoint: object) -> oslo_messaging.server.MessageHandlingServer:
    """A listener to Ironic's notifications; conductors share one pool, so that each is heard by one of them and none piles up.

    Both sides declare the exchange: [oslo_messaging_rabbit] rabbit_quorum_queue and amqp_durable_queues must be those of Ironic.
    """
    targets = [oslo_messaging.Target(exchange="ironic", topic=IRONIC_TOPIC)]
    return oslo_messaging.get_notification_listener(transport, targets, [endpoint], pool="baremetal_svc")
