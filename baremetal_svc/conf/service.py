# SPDX-License-Identifier: Apache-2.0
"""Options of the API and the conductor."""

import socket

from oslo_config import cfg

API = [
    cfg.StrOpt("auth_strategy", default="keystone", choices=["keystone", "noauth"], help="noauth is refused by the WSGI application."),
    cfg.StrOpt("public_endpoint", help="Base of links in answers; by default the host that the request names."),
    cfg.IntOpt("max_limit", default=1000, min=1, help="Most items of one page of a list; also the default page."),
    cfg.IntOpt("max_request_body_size", default=262144, min=1024, help="Bytes; larger bodies are refused with 413."),
    cfg.IntOpt("max_wait", default=60, min=0, help="Most seconds that a long poll may wait."),
    cfg.IntOpt(
        "max_polls",
        default=8,
        min=0,
        help="Long polls that one process holds at once, each in a thread of its own; further ones are answered at once. Must stay below "
        "the number of threads that serve requests.",
    ),
    cfg.StrOpt("default_availability_zone", help="Zone of servers whose request names none; by default any machine will do."),
    cfg.IntOpt("max_count", default=100, min=1, help="Most servers that one request may create."),
    cfg.IntOpt("max_tagged_nodes", default=5000, min=1, help="Most nodes whose tags one request may change."),
    cfg.IntOpt(
        "max_tag_changes",
        default=25_000,
        min=1,
        help="Most tags that one request may put on and take off, counted for each node. All of it is one transaction: nobody else changes "
        "those nodes meanwhile, and it should last for some seconds at most.",
    ),
    cfg.FloatOpt("rate_limit", default=0.0, min=0.0, help="Requests per second that each process takes from a project; 0: any."),
    cfg.IntOpt("rate_burst", default=20, min=1, help="Requests that a project may send at once before rate_limit counts."),
    cfg.IntOpt(
        "hsts_seconds",
        default=31536000,
        min=0,
        help="Over https, seconds for which browsers use nothing but https with this host, on any port of it; 0: they are not told.",
    ),
]

CONDUCTOR = [
    cfg.StrOpt("host", default=socket.gethostname(), sample_default="localhost", help="Name of this conductor in leases and on the bus."),
    cfg.FloatOpt("lease", default=15.0, min=5.0, help="Seconds for which a conductor owns an operation unless it renews."),
    cfg.FloatOpt("poll_interval", default=1.0, min=0.05, help="Seconds between looks for due operations, besides wake-ups."),
    cfg.IntOpt("workers", default=8, min=1, help="Flows that one conductor runs at once; waiting ones take none."),
    cfg.FloatOpt("listing_interval", default=1.0, min=0.1, help="Seconds between bulk listings of Ironic while operations wait for nodes."),
    cfg.FloatOpt("inventory_interval", default=30.0, min=0.1, help="Seconds between bulk listings of Ironic while nothing waits."),
    cfg.FloatOpt(
        "reconcile_interval",
        default=600.0,
        min=0.0,
        help="Seconds between two looks of the reconciler, by one conductor for all, which repairs what is safe; 0: never.",
    ),
    cfg.IntOpt("deploy_attempts", default=3, min=1, help="Nodes that one create may try."),
    cfg.FloatOpt("drain_timeout", default=30.0, min=0, help="Seconds that a conductor lets running tasks end when it stops."),
]

NOTIFICATIONS = [
    cfg.StrOpt(
        "notifications_url",
        secret=True,
        help="oslo.messaging URL of the bus on which Ironic sends versioned notifications; without it the listing alone wakes operations.",
    ),
]

SECRETS = [
    cfg.MultiStrOpt("fernet_key", default=[], secret=True, help="Fernet keys, the first one encrypts, all decrypt."),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the groups api, conductor and secrets."""
    conf.register_opts(API, "api")
    conf.register_opts(CONDUCTOR, "conductor")
    conf.register_opts(SECRETS, "secrets")
    conf.register_opts(NOTIFICATIONS, "conductor")
