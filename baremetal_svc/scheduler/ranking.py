# SPDX-License-Identifier: Apache-2.0
"""The weighers that an operator has configured, loaded by their entry points, and the order in which they put candidates."""

import logging
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from stevedore import named

from baremetal_svc.db import machines
from baremetal_svc.domain.ranking import NEEDS, Machine, Signed, Weigher, Wish, ordered
from baremetal_svc.domain.spread import Candidate

LOG = logging.getLogger(__name__)

NAMESPACE, OPTION = "baremetal_svc.weighers", "[scheduler] weighers"


class Ranking:
    """Weighers in order; none: candidates stay as they are, and nothing is asked of the database.

    :ivar names: as they are configured, for the record.
    """

    def __init__(self, weighers: Sequence[tuple[str, Signed]] = ()) -> None:
        self.names = [name for name, _ in weighers]
        self._weighers = [(_guarded(name, weigher), sign) for name, (weigher, sign) in weighers]
        self._needs = frozenset(need for weigher, _ in self._weighers for need in weigher.needs)

    def __bool__(self) -> bool:
        return bool(self._weighers)

    def ranked(self, conn: Connection, candidates: Iterable[Candidate], pool_ids: Sequence[str], wish: Wish, picks: int) -> list[str]:
        """Ids of the candidates, best first when so many are picked: by pool in this order, then by the weighers. Two statements."""
        place = {pool_id: number for number, pool_id in reversed(list(enumerate(pool_ids)))}
        # A reservation's nodes come out of pools that its claim does not name: no pool is before another.
        found = machines.load(conn, {one.node_id: place.get(one.pool_id, 0) for one in candidates}, self._needs)
        return [machine.id for machine in ordered(found, self._weighers, wish, picks)]


NONE = Ranking()


def load(configured: Sequence[str]) -> Ranking:
    """The ranking of the option [scheduler] weighers: "name" or "name:-1" each.

    :raises ValueError: a name or form that is not known, or a weigher that cannot be loaded or used; the option is named.
    """
    signs = [_parsed(word) for word in configured]
    names = [name for name, _ in signs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"{OPTION} names {twice[0]!r} twice.")
    if not names:
        return NONE
    loaded = named.NamedExtensionManager(
        NAMESPACE, names, name_order=True, warn_on_missing_entrypoint=False, on_load_failure_callback=_broken
    )
    known = {extension.name: extension.plugin for extension in loaded}
    for name in names:
        if name not in known:
            there = sorted({point.name for point in loaded.list_entry_points()})
            raise ValueError(f"{OPTION} names {name!r}, which is no weigher. Weighers are {', '.join(there)}.")
    return Ranking([(f"{name}:-1" if sign < 0 else name, (_checked(name, known[name]), sign)) for name, sign in signs])


def _parsed(word: str) -> tuple[str, int]:
    name, _, sign = word.strip().partition(":")
    if sign not in ("", "1", "-1"):
        raise ValueError(f"{OPTION} has {word!r}: after the colon stands -1, highest first, or 1.")
    return name, -1 if sign == "-1" else 1


def _checked(name: str, plugin: Any) -> Weigher:
    if not isinstance(plugin, Weigher):
        raise ValueError(f"{OPTION} names {name!r}, whose entry point is no baremetal_svc.domain.ranking.Weigher.")
    unknown = sorted(plugin.needs - NEEDS)
    if unknown:
        raise ValueError(f"{OPTION} names {name!r}, which needs {unknown[0]!r}; there are {', '.join(sorted(NEEDS))}.")
    return plugin


def _broken(manager: Any, point: Any, error: BaseException) -> None:
    raise ValueError(f"{OPTION} names {point.name!r}, which cannot be loaded: {error}") from error


def _guarded(name: str, weigher: Weigher) -> Weigher:
    """A weigher that fails stops no claim: what it fails at, and what is no number, it knows nothing of."""
    told = logging.ERROR

    def weigh(machine: Machine, wish: Wish) -> float | None:
        nonlocal told
        try:
            weight = weigher.weigh(machine, wish)
            return None if weight is None or math.isnan(weight) else float(weight)
        except Exception:  # an operator's own code, between a server and its machine
            # Once as an error: it will fail at each machine of each claim.
            LOG.log(told, "The weigher %s failed at machine %s", name, machine.id, exc_info=True)
            told = logging.DEBUG
            return None

    return replace(weigher, weigh=weigh)
