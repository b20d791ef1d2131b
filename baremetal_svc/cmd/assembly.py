# SPDX-License-Identifier: Apache-2.0
"""Puts a conductor together out of the configuration."""

from collections.abc import Callable

from oslo_config import cfg

from baremetal_svc import messaging, metrics, notifications
from baremetal_svc.conductor import kinds
from baremetal_svc.conductor.announcing import Announcer
from baremetal_svc.conductor.claims import Claims
from baremetal_svc.conductor.rebuilder import Rebuilder
from baremetal_svc.conductor.reconciler import Reconciler, Terms
from baremetal_svc.conductor.runner import Runner
from baremetal_svc.conductor.service import Conductor, new_owner
from baremetal_svc.conductor.steward import Steward
from baremetal_svc.conductor.stocktaker import Stocktaker
from baremetal_svc.conductor.watcher import Watcher
from baremetal_svc.db import census
from baremetal_svc.db.secrets import Vault
from baremetal_svc.db.session import Database
from baremetal_svc.domain import failure_domain
from baremetal_svc.gateways import measured, real
from baremetal_svc.gateways.protocols import Gateways
from baremetal_svc.scheduler import ranking


def conductor(conf: cfg.ConfigOpts, db: Database, gateways: Gateways, host: str) -> Conductor:
    """A conductor with its watcher; start() and listen() are the caller's.

    :raises ValueError: the time limit of a call is not under half of the lease, or a weigher or a switch's domain cannot be used.
    """
    options, timeout = conf.conductor, checked_timeout(conf)
    gateways, known, owner = measured.gateways(gateways), kinds.load(), new_owner(host)
    by_name = {name: getattr(gateways, name) for name in ("ironic", "neutron", "images")}
    announcer = Announcer(notifications.of(conf, f"baremetal-svc-conductor:{host}"))
    tools = {"vault": Vault(conf.secrets.fernet_key), "ranking": ranking.load(conf.scheduler.weighers)}
    runner = Runner(db, known, by_name, tools, timeout, announcer)
    claims = Claims(db, known, owner, options.lease)
    made = Conductor(db, runner, claims, owner, workers=options.workers, poll_interval=options.poll_interval, drain=options.drain_timeout)
    made.watcher = Watcher(
        db,
        gateways.ironic,
        owner,
        busy=options.listing_interval,
        idle=options.inventory_interval,
        lease=options.lease,
        woke=made.wake,
        switches=failure_domain.by_switch(conf.scheduler.switch_domains),
    )
    made.rebuilder = Rebuilder(db, owner, interval=options.poll_interval, lease=options.lease)
    made.steward = Steward(db, owner, interval=conf.scheduler.reservation_interval, lease=options.lease)
    if conf.scheduler.capacity_interval:
        made.stocktaker = stocktaker(conf, db, owner, announcer)
    if options.reconcile_interval:
        made.reconciler = reconciler(conf, db, gateways, owner, announcer, made.wake)
    return made


def reconciler(
    conf: cfg.ConfigOpts, db: Database, gateways: Gateways, owner: str, announcer: Announcer, woke: Callable[[], None]
) -> Reconciler:
    """The reconciler; keep() or reconcile() is the caller's."""
    lease = conf.conductor.lease
    terms = Terms(lease=lease, quarantine=lease + conf.ironic.timeout, interval=conf.conductor.reconcile_interval)
    return Reconciler(db, gateways.ironic, gateways.neutron, owner, terms=terms, announcer=announcer, woke=woke)


def stocktaker(conf: cfg.ConfigOpts, db: Database, owner: str, announcer: Announcer) -> Stocktaker:
    """What counts the pools; keep() or count() is the caller's."""
    options = conf.scheduler
    return Stocktaker(
        db,
        owner,
        interval=options.capacity_interval,
        lease=conf.conductor.lease,
        depth=options.capacity_depth,
        days=options.capacity_days,
        announcer=announcer,
    )


def check(conf: cfg.ConfigOpts) -> None:
    """Refuse before anything is started what a conductor could not be built of: a process that is started again and again tells nobody.

    Nothing is connected to.

    :raises ValueError: the option is named. :raises oslo_config.cfg.Error: one that is needed is missing.
    """
    checked_timeout(conf)
    Vault(conf.secrets.fernet_key)
    ranking.load(conf.scheduler.weighers)
    failure_domain.by_switch(conf.scheduler.switch_domains)
    check_outside(conf)


def check_outside(conf: cfg.ConfigOpts) -> None:
    """Whether what says where the database, the bus and the other services are can be used; whether they are there is not asked.

    :raises ValueError: the option is named. :raises oslo_config.cfg.Error: one that is needed is missing.
    """
    Database.of(conf).close()
    messaging.check(conf)
    real.build(conf)


def checked_timeout(conf: cfg.ConfigOpts) -> float:
    """The longest that a call to another service may take.

    :raises ValueError: it is not under half of the lease.
    """
    timeout, lease = float(max(conf.ironic.timeout, conf.neutron.timeout)), conf.conductor.lease
    if timeout * 2 >= lease:
        raise ValueError(f"The time limit of calls ({timeout} s) must be under half of [conductor] lease ({lease} s).")
    return timeout


def standing(db: Database) -> metrics.Standing:
    """The metrics that are read from the database."""
    return metrics.Standing(lambda: db.query(census.take))
