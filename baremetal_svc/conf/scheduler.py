# SPDX-License-Identifier: Apache-2.0
"""Options of the scheduler, which is a library of the conductor and of the API alike."""

from oslo_config import cfg

SCHEDULER = [
    cfg.ListOpt(
        "failure_domain_levels",
        default=["dc", "room", "row", "rack", "power"],
        help="Names of the steps of a failure domain's path, such as dc1/room2/row3/rack7/pdu-a, the first one first.",
    ),
    cfg.ListOpt(
        "weighers",
        default=[],
        help="Which of the machines that will do is taken first: the first weigher decides, the next one breaks ties, NAME:-1 turns one "
        "round. Ours are fullest_domain, emptiest_domain, scarce, least_worn, longest_idle, recently_failed and image_cached; others come "
        "by entry points in baremetal_svc.weighers. None: any machine, which is fastest. The same for conductors and API.",
    ),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the group scheduler."""
    conf.register_opts(SCHEDULER, "scheduler")
