# SPDX-License-Identifier: Apache-2.0
"""Policy in code: collects the RULES of every feature and answers whether a caller may do something."""

import threading
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import cachetools
from oslo_config import cfg
from oslo_policy import policy as oslo_policy

from baremetal_svc.context import RequestContext
from baremetal_svc.domain.errors import Forbidden

ADMIN = "role:admin"
PROJECT_READER = "(role:admin) or (role:reader and project_id:%(project_id)s)"
PROJECT_MEMBER = "(role:admin) or (role:member and project_id:%(project_id)s)"


def rule(name: str, check: str, description: str, *operations: tuple[str, str]) -> oslo_policy.DocumentedRuleDefault:
    """One documented default: ``baremetal_svc:feature:verb``, its check and the (method, path) pairs that it guards."""
    paths: list[oslo_policy.Operation] = [{"method": method, "path": path} for method, path in operations]
    return oslo_policy.DocumentedRuleDefault(f"baremetal_svc:{name}", check, description, paths, scope_types=["project"])


def list_rules() -> list[oslo_policy.DocumentedRuleDefault]:
    """Every rule of every feature, for the enforcer and oslopolicy-sample-generator."""
    features = import_module("baremetal_svc.features").FEATURES
    return [r for name in features for r in import_module(f"baremetal_svc.features.{name}.policy").RULES]


#: Seconds for which a decision stands: the enforcer looks at its files and inspects its checks for each, a tenth of a list of servers.
STANDS = 1.0
_REMEMBERED = 10_000


class Policy:
    """The enforcer of one process. What it has decided stands for a second, so that a changed file is heeded after it."""

    def __init__(
        self, conf: cfg.ConfigOpts, rules: list[oslo_policy.DocumentedRuleDefault], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._enforcer = oslo_policy.Enforcer(conf, use_conf=True)
        self._enforcer.register_defaults(rules)
        self._enforcer.load_rules()
        self._decided: cachetools.TTLCache[Any, bool] = cachetools.TTLCache(_REMEMBERED, STANDS, clock)
        self._lock = threading.Lock()

    def allows(self, context: RequestContext, name: str, target: Mapping[str, Any]) -> bool:
        """True when the caller may do it to the target ({"project_id": ...})."""
        asked = name, _hashable(target), _hashable(context.to_policy_values())
        with self._lock:
            decided = self._decided.get(asked)
        if decided is None:
            decided = bool(self._enforcer.authorize(name, dict(target), context))
            with self._lock:
                self._decided[asked] = decided
        return decided

    def check(self, context: RequestContext, name: str, target: Mapping[str, Any] | None = None) -> None:
        """Refuse unless allowed; without a target the caller's own project stands for it.

        :raises Forbidden:
        """
        if not self.allows(context, name, target if target is not None else {"project_id": context.project_id}):
            raise Forbidden(f"The policy {name} does not allow this to you.")


def _hashable(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple((name, tuple(value) if isinstance(value, list) else value) for name, value in values.items())
