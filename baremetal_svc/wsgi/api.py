# SPDX-License-Identifier: Apache-2.0
"""``application`` for a WSGI server. Stateless, any number of processes; it enqueues, conductors carry out."""

import os
from collections.abc import Callable
from typing import Any

from baremetal_svc import conf as configuration
from baremetal_svc import messaging, metrics
from baremetal_svc.api import app
from baremetal_svc.conductor import client
from baremetal_svc.db.session import Database
from baremetal_svc.gateways import real
from baremetal_svc.wsgi import assembly, meditation


def build() -> Callable[..., Any]:
    """The application, configured by the files in OS_BAREMETAL_SVC_CONFIG_FILES (separated by ";") or oslo.config's default places.

    :raises RuntimeError: auth_strategy is noauth, which only the all-in-one process may use.
    """
    files = [name for name in os.environ.get("OS_BAREMETAL_SVC_CONFIG_FILES", "").split(";") if name]
    conf = configuration.load([argument for name in files for argument in ("--config-file", name)])
    if conf.api.auth_strategy == "noauth":
        raise RuntimeError("auth_strategy = noauth is for the all-in-one process only; configure Keystone.")
    meditation.arm(conf, "baremetal-svc-api")
    metrics.expose(conf.metrics.listen, conf.metrics.api_port)
    waker = client.bus_waker(messaging.client(messaging.transport(conf)))
    return app.build(assembly.services(conf, Database.of(conf), real.build(conf), waker.wake))


application = build()
