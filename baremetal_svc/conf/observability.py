# SPDX-License-Identifier: Apache-2.0
"""Options of metrics and notifications. Logs are oslo.log's options, reports oslo.reports'."""

from oslo_config import cfg

METRICS = [
    cfg.HostAddressOpt("listen", default="127.0.0.1", help="Address on which metrics are served. Nobody logs in there: keep tenants away."),
    cfg.PortOpt("port", default=0, help="Port on which a conductor, or the all-in-one process, serves metrics; 0 for none."),
    cfg.PortOpt(
        "api_port",
        default=0,
        help="Port on which the API's processes serve metrics; 0 for none. Several need PROMETHEUS_MULTIPROC_DIR.",
    ),
]

NOTIFICATIONS = [
    cfg.ListOpt(
        "topics",
        default=["baremetal_svc_versioned_notifications"],
        help="Topics of the versioned notifications. They are sent when [oslo_messaging_notifications] names a driver other than noop.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the groups metrics and notifications."""
    conf.register_opts(METRICS, "metrics")
    conf.register_opts(NOTIFICATIONS, "notifications")
