# SPDX-License-Identifier: Apache-2.0
"""The conductor process under oslo.service: SIGTERM lets running tasks end and hands the rest over."""

import sys
from collections.abc import Callable
from typing import Any

from oslo_config import cfg
from oslo_service import service

from baremetal_svc import conf as configuration
from baremetal_svc import messaging, metrics
from baremetal_svc.cmd import assembly
from baremetal_svc.db.session import Database
from baremetal_svc.gateways import real
from baremetal_svc.wsgi import meditation


class ConductorService(service.Service):
    """Holds only the configuration until start(), which runs in the process that does the work."""

    def __init__(self, conf: cfg.ConfigOpts) -> None:
        super().__init__()
        self._conf = conf
        self._conductor: Any = None
        self._hide: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Build and start."""
        host = self._conf.conductor.host
        db = Database.of(self._conf)
        self._conductor = assembly.conductor(self._conf, db, real.build(self._conf), host)
        self._conductor.start()
        self._conductor.listen(messaging.transport(self._conf), host)
        if self._conf.conductor.notifications_url:
            self._conductor.hear(messaging.notifications_transport(self._conf, self._conf.conductor.notifications_url))
        self._hide = metrics.expose(self._conf.metrics.listen, self._conf.metrics.port, assembly.standing(db))

    def stop(self, graceful: bool = False) -> None:
        """Drain."""
        if self._conductor is not None:
            self._conductor.stop()
        self._hide()
        super().stop(graceful)


def main() -> None:
    """Entry point of baremetal-svc-conductor."""
    conf = configuration.load(sys.argv[1:], "baremetal-svc-conductor")
    try:
        assembly.check(conf)
    except (ValueError, cfg.Error) as error:
        sys.exit(f"The configuration cannot be used: {error}")
    meditation.arm(conf, "baremetal-svc-conductor")
    service.launch(conf, ConductorService(conf), restart_method="mutate").wait()
