# SPDX-License-Identifier: Apache-2.0
"""Options of the scheduler, which is a library of the conductor and of the API alike."""

from oslo_config import cfg

SCHEDULER = [
    cfg.ListOpt(
        "failure_domain_levels",
        default=["dc", "room", "row", "rack", "power"],
        help="Names of the steps of a failure domain's path, such as dc1/room2/row3/rack7/pdu-a, the first one first.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the group scheduler."""
    conf.register_opts(SCHEDULER, "scheduler")
