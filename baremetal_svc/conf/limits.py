# SPDX-License-Identifier: Apache-2.0
"""Options of quotas: who keeps the limits, and the defaults of projects for which none is set."""

from oslo_config import cfg

_NOTE = "-1: unlimited. With driver = unified the limits registered in Keystone count instead."

QUOTAS = [
    cfg.StrOpt(
        "driver",
        default="own",
        choices=["own", "unified"],
        help="own: limits are in this service's database (PUT /v1/quotas/{project}). unified: in Keystone, through [oslo_limit].",
    ),
    cfg.IntOpt("servers", default=10, min=-1, help=f"Servers of a project. {_NOTE}"),
    cfg.IntOpt(
        "servers_per_flavor",
        default=-1,
        min=-1,
        help="Servers of a project of each flavor that has no limit of its own. -1: unlimited. Not used with driver = unified.",
    ),
    cfg.IntOpt("server_groups", default=10, min=-1, help=f"Server groups of a project. {_NOTE}"),
    cfg.IntOpt("reserved_nodes", default=10, min=-1, help=f"Machines in reservations of a project. {_NOTE}"),
    cfg.IntOpt("keypairs", default=100, min=-1, help=f"Key pairs of a user. {_NOTE}"),
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the group quotas."""
    conf.register_opts(QUOTAS, "quotas")
