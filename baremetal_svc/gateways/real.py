# SPDX-License-Identifier: Apache-2.0
"""The gateways of a running service, chosen by configuration. Sends nothing: a service starts while the others are away."""

from oslo_config import cfg

from baremetal_svc.gateways import session
from baremetal_svc.gateways.embedded import FlatNetwork, ImagesFile
from baremetal_svc.gateways.glance import GlanceGateway
from baremetal_svc.gateways.ironic import IronicGateway
from baremetal_svc.gateways.limits import UnifiedLimits
from baremetal_svc.gateways.neutron import NeutronGateway
from baremetal_svc.gateways.protocols import Gateways, Images, Neutron


def register(conf: cfg.ConfigOpts) -> None:
    """Register keystoneauth's options of the services' groups; build does it too, tests that override them do it before."""
    for group in ("ironic", "neutron", "glance"):
        session.register(conf, group)


def build(conf: cfg.ConfigOpts) -> Gateways:
    """Make the gateways.

    :raises oslo_config.cfg.Error: when an option that is needed is missing.
    :raises ValueError: when the images file cannot be used.
    """
    register(conf)
    ironic = IronicGateway(session.load(conf, "ironic"), conf.ironic)
    return Gateways(ironic=ironic, neutron=_neutron(conf), images=_images(conf), limits=UnifiedLimits())


def _images(conf: cfg.ConfigOpts) -> Images:
    return ImagesFile(conf.images.file) if conf.images.file else GlanceGateway(session.load(conf, "glance"), conf)


def _neutron(conf: cfg.ConfigOpts) -> Neutron:
    options = conf.neutron
    if options.mode == "flat":
        return FlatNetwork(network_id=options.flat_network_id, name=options.flat_network_name, subnet_id=options.flat_subnet_id)
    return NeutronGateway(session.load(conf, "neutron"), conf)
