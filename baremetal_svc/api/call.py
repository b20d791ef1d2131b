# SPDX-License-Identifier: Apache-2.0
"""What a request is to a controller: who asks, what was validated, and the services of the process."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from oslo_config import cfg

from baremetal_svc.conf.deadlines import deadline
from baremetal_svc.context import RequestContext
from baremetal_svc.db.secrets import Vault
from baremetal_svc.db.session import Database
from baremetal_svc.domain.failure_domain import Switches
from baremetal_svc.gateways.protocols import Gateways
from baremetal_svc.policy import Policy
from baremetal_svc.scheduler.ranking import Ranking


@dataclass(frozen=True, slots=True)
class Services:
    """What the composition root gives to the controllers of one process."""

    conf: cfg.ConfigOpts
    db: Database
    gateways: Gateways
    vault: Vault
    policy: Policy
    wake: Callable[[str], None]
    #: The order in which a claim takes machines, for dry runs.
    ranking: Ranking
    #: Failure domains by the switches behind ports, for machines that nobody says more of.
    switches: Switches
    #: A place for each long poll of the process: they may not take all its threads.
    polls: threading.Semaphore


@dataclass(frozen=True, slots=True)
class Call:
    """One validated request."""

    context: RequestContext
    services: Services
    version: int
    base: str
    body: Any
    query: Mapping[str, Any]
    idempotency_key: str | None
    path: str
    if_match: str | None

    @property
    def visible_project(self) -> str | None:
        """The project whose things the caller sees; None for an operator, who sees all."""
        return None if self.context.is_operator else self.context.project_id

    def deadline(self, kind: str) -> float | None:
        """Seconds that an operation of the kind may take; None for any time."""
        return deadline(self.services.conf, kind)


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, a JSON value (None: no body) and headers."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
