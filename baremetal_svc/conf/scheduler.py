# SPDX-License-Identifier: Apache-2.0
"""Options of the scheduler, which is a library of the conductor and of the API alike."""

from oslo_config import cfg

SCHEDULER = [
    cfg.ListOpt(
        "failure_domain_levels",
        default=["dc", "room", "row", "rack", "power"],
        help="Names of the steps of a failure domain's path, such as dc1/room2/row3/rack7/pdu-a, the first one first.",
    ),
    cfg.MultiStrOpt(
        "switch_domains",
        default=[],
        help="Where the machines behind a switch stand, SWITCH=PATH, such as tor-7a=dc1/room2/row3/rack7; repeat for each. The switch is "
        "named as in local_link_connection of a port, where Ironic's inspection notes what LLDP says: switch_info or switch_id. It counts "
        "where neither an operator nor properties[failure_domain] says where the machine stands. The same for conductors and API.",
    ),
    cfg.ListOpt(
        "weighers",
        default=[],
        help="Which of the machines that will do is taken first: the first weigher decides, the next one breaks ties, NAME:-1 turns one "
        "round. Ours are fullest_domain, emptiest_domain, scarce, least_worn, longest_idle, recently_failed and image_cached; others come "
        "by entry points in baremetal_svc.weighers. None: any machine, which is fastest. The same for conductors and API.",
    ),
    cfg.FloatOpt(
        "capacity_interval",
        default=60.0,
        min=0.0,
        help="Seconds between two counts of a pool's machines, by one conductor for all; 0: never, nor are there history and thresholds.",
    ),
    cfg.IntOpt(
        "capacity_depth",
        default=3,
        min=1,
        max=16,
        help="Steps of a failure domain's path by which machines are counted: 3 counts dc1/room2/row3/rack7 as dc1/room2/row3.",
    ),
    cfg.FloatOpt("longest_reservation", default=90.0, min=0.01, help="Days from now within which a reservation has to end."),
    cfg.FloatOpt(
        "reservation_interval",
        default=5.0,
        min=0.1,
        help="Seconds between two looks at reservations by one conductor for all: what is over ends, and lost machines are replaced.",
    ),
    cfg.IntOpt("capacity_days", default=400, min=1, max=36500, help="Days for which the hourly counts of pools are kept."),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the group scheduler."""
    conf.register_opts(SCHEDULER, "scheduler")
