# SPDX-License-Identifier: Apache-2.0
"""API and conductor as threads of one process; the bus between them is oslo.messaging's in-process one."""

import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

# First: it chooses the threading backend of oslo.service.
from baremetal_svc.wsgi import assembly as wsgi_assembly  # isort: skip
from baremetal_svc.wsgi import meditation  # isort: skip

from cheroot import wsgi

from baremetal_svc import conf as configuration
from baremetal_svc import messaging, metrics
from baremetal_svc.api import app
from baremetal_svc.cmd import assembly
from baremetal_svc.conductor import client
from baremetal_svc.db import migration
from baremetal_svc.db.session import Database
from baremetal_svc.gateways import real

LOG = logging.getLogger(__name__)

#: Long polls hold one thread each.
_THREADS = 40
_GRACE = 2.0
_MOST_DRAINED = 16 * 2**20


def decoded(application: Callable[..., Any]) -> Callable[..., Any]:
    """The application behind a cheroot, which leaves an escaped slash in a path escaped, as behind any other server."""

    def call(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        # With an escaped percent sign in it nobody can say any more what stood there.
        if "%25" not in environ["REQUEST_URI"]:
            environ["PATH_INFO"] = environ["PATH_INFO"].replace("%2F", "/")
        return application(environ, start_response)

    return call


class EmbeddedService:
    """start() answers when the API accepts connections; stop() drains the conductor."""

    def __init__(self, files: list[str], host: str, port: int) -> None:
        """Bring the database up to date and put the parts together."""
        conf = configuration.load([argument for file in files for argument in ("--config-file", file)])
        meditation.arm(conf, "baremetal-svc-all-in-one")
        self._conf, self._db = conf, Database.of(conf)
        self._hide: Callable[[], None] = lambda: None
        migration.sync(self._db.engine)
        gateways, self._transport = real.build(conf), messaging.transport(conf)
        self._host = socket.gethostname()
        self._conductor = assembly.conductor(conf, self._db, gateways, self._host)
        waker = client.bus_waker(messaging.client(self._transport))
        application = app.build(wsgi_assembly.services(conf, self._db, gateways, waker.wake))
        self._server = _Server((host, port), decoded(application), numthreads=_THREADS, shutdown_timeout=1, request_queue_size=128)
        # It reads the rest of the body of a request that was refused before; larger ones it refuses itself.
        self._server.max_request_body_size = _MOST_DRAINED
        # A daemon, and with it the worker threads that it makes: a long poll does not hold up the end of the process.
        self._thread = threading.Thread(target=self._server.start, name="api", daemon=True)

    def start(self) -> None:
        """:raises RuntimeError: the port cannot be had."""
        self._conductor.start()
        self._conductor.listen(self._transport, self._host)
        self._hide = metrics.expose(self._conf.metrics.listen, self._conf.metrics.port, assembly.standing(self._db))
        self._thread.start()
        pause = threading.Event()
        while not self._server.ready:
            if not self._thread.is_alive():
                raise RuntimeError(f"the API cannot listen on {self._server.bind_addr}")
            pause.wait(0.02)

    def running(self) -> bool:
        """False once the API has ended."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Take no more requests, drain the conductor."""
        stopping = threading.Thread(target=self._server.stop, name="api-stop", daemon=True)
        stopping.start()
        self._conductor.stop()
        self._hide()
        stopping.join(_GRACE)
        self._db.close()


class _Server(wsgi.Server):
    def error_log(self, msg: str = "", level: int = logging.INFO, traceback: bool = False) -> None:
        """Ours instead of standard error."""
        LOG.log(level, "%s", msg.strip(), exc_info=traceback)
