# SPDX-License-Identifier: Apache-2.0
"""Keystone's unified limits through oslo.limit, which reads [oslo_limit] of the global configuration.

Enforces nothing: usage is rows of ours, counted in the transaction that adds to them, and nothing outside is asked in a transaction.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TypeVar

from keystoneauth1 import exceptions as ksa_errors
from openstack import exceptions as sdk_errors
from oslo_config import cfg
from oslo_limit import exception as limit_errors
from oslo_limit import limit

from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.gateways.session import Sender

LOG = logging.getLogger(__name__)
T = TypeVar("T")
#: Seconds for each request to Keystone unless [oslo_limit] timeout says otherwise: the answer of a POST waits for it.
TIMEOUT = 3


class UnifiedLimits:
    """The protocol Limits; see there. One object serves all threads. Sends nothing before the first call."""

    def __init__(self) -> None:
        cfg.CONF.set_default("timeout", TIMEOUT, "oslo_limit")
        errors = (sdk_errors.SDKException, ksa_errors.ClientException)
        self._sender = Sender("Keystone", errors, text="details", attempts=2, seconds=TIMEOUT)
        self._lock = threading.Lock()
        self._made: limit.Enforcer | None = None

    def of_project(self, project_id: str) -> Mapping[str, int]:
        """Two GETs, and the first time three more that find the endpoint."""
        # None: all of them; its annotations do not say so.
        registered = self._ask(lambda enforcer: enforcer.get_registered_limits(None))  # type: ignore[arg-type]
        own = self._ask(lambda enforcer: enforcer.get_project_limits(project_id, None))  # type: ignore[arg-type]
        return {**dict(registered), **dict(own)}

    def _ask(self, question: Callable[[limit.Enforcer], T]) -> T:
        try:
            return self._sender.once(lambda: question(self._enforcer()))
        except (limit_errors.SessionInitError, ValueError, cfg.Error) as error:
            # No credentials, no such endpoint, a model that oslo.limit does not have: for the operator, who reads the log.
            LOG.exception("Unified limits cannot be read")
            raise Unavailable("The limits of projects cannot be read.") from error

    def _enforcer(self) -> limit.Enforcer:
        with self._lock:
            if self._made is None:
                # No cache: it would never end, and an operator's change would never be seen.
                self._made = limit.Enforcer(lambda project_id, names: {}, cache=False)
            return self._made
