# SPDX-License-Identifier: Apache-2.0
"""Puts the services of an API process together out of the configuration."""

import threading
from collections.abc import Callable

from oslo_config import cfg

from baremetal_svc import policy
from baremetal_svc.api.call import Services
from baremetal_svc.db.secrets import Vault
from baremetal_svc.db.session import Database
from baremetal_svc.domain import failure_domain
from baremetal_svc.gateways import measured
from baremetal_svc.gateways.protocols import Gateways
from baremetal_svc.scheduler import ranking


def services(conf: cfg.ConfigOpts, db: Database, gateways: Gateways, wake: Callable[[str], None]) -> Services:
    """Everything that controllers need. :raises ValueError: a weigher or a switch's domain cannot be used."""
    enforcer = policy.Policy(conf, policy.list_rules())
    return Services(
        conf=conf,
        db=db,
        gateways=measured.gateways(gateways),
        vault=Vault(conf.secrets.fernet_key),
        policy=enforcer,
        wake=wake,
        ranking=ranking.load(conf.scheduler.weighers),
        switches=failure_domain.by_switch(conf.scheduler.switch_domains),
        polls=threading.Semaphore(conf.api.max_polls),
    )
