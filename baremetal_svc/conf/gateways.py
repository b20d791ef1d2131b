# SPDX-License-Identifier: Apache-2.0
"""Options of the services that we talk to: time limits, retries, and what stands in for a service that is not there.

Credentials and endpoints are keystoneauth's own options of the same groups: gateways.session registers them.
"""

from typing import Any

from oslo_config import cfg


def _calls() -> list[Any]:
    return [
        cfg.FloatOpt(
            "timeout",
            default=6.0,
            min=0.2,
            help="Seconds until a call is given up; must stay under half of [conductor] lease, see the admin guide.",
        ),
        cfg.IntOpt(
            "retry_attempts", default=5, min=1, help="Times that a call is sent in all while the service answers busy, locked or 5xx."
        ),
        cfg.FloatOpt("retry_seconds", default=4.0, min=0.0, help="Seconds after which no further retry of a call begins."),
    ]


IRONIC = _calls()
GLANCE = _calls()

NEUTRON = [
    *_calls(),
    cfg.StrOpt(
        "mode", default="neutron", choices=["neutron", "flat"], help="flat: no Neutron, one named network that the nodes are wired to."
    ),
    cfg.StrOpt("flat_network_name", default="flat", help="Name of the network in mode flat."),
    cfg.StrOpt("flat_network_id", default="f1a70000-0000-4000-8000-000000000001", help="Id of the network in mode flat."),
    cfg.StrOpt("flat_subnet_id", default="f1a70000-0000-4000-8000-000000000002", help="Id of its only subnet."),
]

IMAGES = [cfg.StrOpt("file", help="YAML or JSON file with the images that servers can be made of; without it Glance has them.")]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the groups ironic, neutron, glance and images."""
    for group, options in list_opts():
        conf.register_opts(options, group)


def list_opts() -> list[tuple[str, list[Any]]]:
    """(group, options) for the sample configuration."""
    return [("ironic", IRONIC), ("neutron", NEUTRON), ("glance", GLANCE), ("images", IMAGES)]
