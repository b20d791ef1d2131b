# SPDX-License-Identifier: Apache-2.0
"""The claim of nodes: one transaction over materialised offers, for one server or for a batch that stands or falls together."""

import itertools
import random
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from baremetal_svc import metrics
from baremetal_svc.db import candidates, claims, first_claim, groups, nodes, reservations
from baremetal_svc.domain import spread
from baremetal_svc.domain.ranking import Wish
from baremetal_svc.domain.setup import Setup
from baremetal_svc.domain.spread import TOGETHER, Candidate, Rule
from baremetal_svc.scheduler import offers
from baremetal_svc.scheduler.ranking import NONE, Ranking

#: Candidates among which soft rules and weighers choose.
CHOICE = 200
_RANDOM = random.SystemRandom()


@dataclass(frozen=True, slots=True)
class Request:
    """What a claim is to find: a node of the resource class out of the pools in order of preference, each of which carries the tags.

    :ivar excluded: ids of nodes that were tried before. :ivar image_id: what will be installed, for weighers. :ivar setup: has conditions.
    :ivar reservation_id: out of the nodes of this reservation instead of the pools. :ivar grouped: False for servers that are in no group.
    """

    pool_ids: Sequence[str]
    resource_class: str
    tags: Sequence[str] = ()
    excluded: Sequence[str] = ()
    image_id: str | None = None
    setup: Setup = field(default_factory=Setup)
    reservation_id: str | None = None
    grouped: bool = True

    def offers(self, pool_id: str) -> candidates.Wanted:
        """Which offers of one of its pools will do."""
        return candidates.Wanted(pool_id, self.resource_class, self.excluded, self.tags, self.setup.conditions)

    def reserved(self, conn: Connection) -> list[Candidate]:
        """The nodes of the reservation that will do: so few that all are looked at."""
        facts = candidates.knowing(reservations.NODE.id, ((condition.fact, condition.has) for condition in self.setup.conditions))
        conditions = [*candidates.carrying(reservations.NODE.id, self.tags), *facts, reservations.NODE.id.not_in(self.excluded)]
        return reservations.candidates(conn, str(self.reservation_id), conditions)


def claim_nodes(
    conn: Connection,
    server_ids: Sequence[str],
    request: Request,
    *,
    project_id: str,
    least: int,
    generation: int,
    skips_locked: bool,
    ranking: Ranking = NONE,
) -> int:
    """Claim a node for each of the servers, or for the first of them, at least so many; how many, 0 where there are not enough.

    The servers are of one group or of none.
    """
    # Before the look at the other members' nodes: from here until the end of the transaction no other member claims.
    rule = groups.queue_up(conn, server_ids[0]) if request.grouped else None
    held = Counter[str]() if rule is None else _held(conn, rule, server_ids)
    search = Search(conn, request, rule, held, ranking)

    common = {"project_id": project_id, "generation": generation}
    if len(server_ids) == 1 and search.take_first({"id": str(uuid.uuid4()), "server_id": server_ids[0], **common}):
        taken = 1
    elif taken := len(found := take(conn, search, len(server_ids), least=least, skips_locked=skips_locked)):
        ids = [{"id": str(uuid.uuid4()), "node_id": node.node_id, "pool_id": node.pool_id} for node in found]
        claims.insert(conn, [{**some, "server_id": server_id, **common} for some, server_id in zip(ids, server_ids, strict=False)])
    metrics.CLAIMS.labels("taken" if taken else "none").inc(taken or 1)
    return taken


def take(conn: Connection, search: "Search", needed: int, *, least: int, skips_locked: bool) -> list[Candidate]:
    """Lock and take off offer what a search finds, so many nodes or at least ``least``; none where there are not enough.

    Looks once more without skipping what others have locked before it gives up.
    """
    found = search.pick(needed)
    for skip in (True, False) if skips_locked else (False,):
        if len(found) == needed:
            break
        found = search.take(needed, skip=skip)
    chosen = found if len(found) >= least else []
    if surplus := search.taken - {node.node_id for node in chosen}:
        offers.recompute(conn, sorted(surplus))
    return chosen


def look(
    conn: Connection,
    request: Request,
    rule: Rule | None,
    places: Sequence[tuple[str, str]],
    needed: int,
    ranking: Ranking = NONE,
) -> list[Candidate]:
    """What a claim of so many nodes would take now; takes and locks nothing."""
    held = Counter(rule.domain(zone, path) for zone, path in places) if rule is not None else Counter[str]()
    return Search(conn, request, rule, held, ranking).find(needed)


def _held(conn: Connection, rule: Rule, server_ids: Sequence[str]) -> Counter[str]:
    places = groups.places_held(conn, server_ids)
    return Counter(rule.domain(zone, path) for zone, path in places)


def _size(needed: int) -> int:
    """Of a first window, where nothing chooses."""
    return min(max(candidates.SMALLEST, 2 * needed), candidates.LARGEST)


class Search:
    """The candidates of one claim, window by window, until those that were chosen of them are taken.

    :ivar taken: ids of the nodes that it has locked and taken off offer.
    """

    def __init__(
        self,
        conn: Connection,
        request: Request,
        rule: Rule | None = None,
        held: Mapping[str, int] | None = None,
        ranking: Ranking = NONE,
    ) -> None:
        self._conn, self._request, self._rule, self._held, self._ranking = conn, request, rule, held or {}, ranking
        # A soft rule and weighers are only as good as what they may choose from.
        self._chooses = bool(ranking) or (rule is not None and not rule.hard)
        self._seen: dict[str, Candidate] = {}
        self._ranked = False
        self._mine: set[str] = set()
        self._lost: set[str] = set()
        self._skip: bool | None = None
        self.taken: set[str] = set()

    def find(self, needed: int) -> list[Candidate]:
        """At most so many nodes that are on offer now."""
        return self._run(needed)

    @property
    def _simple(self) -> bool:
        """Whether the first node that can be had will do, as for most claims: no rule or weigher chooses."""
        return self._rule is None and not self._ranking and self._request.reservation_id is None and bool(self._request.pool_ids)

    def take_first(self, claim: Mapping[str, Any]) -> bool:
        """Make the claim, as of ``first_claim.take``, with the first node that can be had of a first window, where any will do."""
        if not self._simple:
            return False
        return first_claim.take(self._conn, self._request.offers(self._request.pool_ids[0]), _RANDOM.randrange(offers.RND), claim)

    def pick(self, needed: int) -> list[Candidate]:
        """Nodes of a first window, off offer, where any will do."""
        if not self._simple:
            return []
        wanted = self._request.offers(self._request.pool_ids[0])
        picked = candidates.pick(self._conn, wanted, _RANDOM.randrange(offers.RND), needed, size=_size(needed))
        got = self._withdrawn([node.node_id for node in picked])
        found = [node for node in picked if node.node_id in got]
        self._seen.update((node.node_id, node) for node in found)
        self._mine |= got
        return found

    def take(self, needed: int, *, skip: bool) -> list[Candidate]:
        """At most so many nodes, locked and off offer; again to take more, of what it has seen as well.

        :param skip: leave out what others have locked, instead of waiting for it.
        """
        self._skip, self._lost = skip, set()
        return self._run(needed)

    def _run(self, needed: int) -> list[Candidate]:
        enough = max(CHOICE, needed) if self._chooses else 0
        for some in self._candidates(needed):
            for candidate in some:
                # Best first: a node of several pools stays where it was seen first.
                self._seen.setdefault(candidate.node_id, candidate)
            if len(self._seen) < enough:
                continue
            if len(found := self._secured(needed, needed)) == needed:
                return found
            # Choosing looks at all that was seen: once that is much, not after each window.
            enough = len(self._seen) * 5 // 4
        return self._secured(needed, 1)

    def _secured(self, needed: int, least: int) -> list[Candidate]:
        """What is chosen of the candidates, once all of it is taken; whatever was another's by then is out of the choice."""
        if self._ranking and not self._ranked:
            self._rank(needed)
        while True:
            left = [candidate for candidate in self._seen.values() if candidate.node_id not in self._lost]
            plan = spread.choose(left, needed, self._rule, self._held)
            unsure = {candidate.node_id for candidate in plan} - self._mine
            if len(plan) < least or not unsure or self._skip is None:
                return plan
            got = self._got(unsure, skip=self._skip)
            if self._rule is not None and got:
                got = candidates.unmoved(self._conn, (node for node in plan if node.node_id in got))
            self._mine |= got
            self._lost |= unsure - got

    def _got(self, node_ids: Collection[str], *, skip: bool) -> set[str]:
        """Those of the nodes that could be had."""
        locked = nodes.lock(self._conn, node_ids, skip_locked=skip)
        if self._request.reservation_id is not None:
            return reservations.ready(self._conn, self._request.reservation_id, locked)
        return self._withdrawn(locked)

    def _withdrawn(self, locked: Collection[str]) -> set[str]:
        got = candidates.withdraw(self._conn, locked)
        self.taken |= got
        return got

    def _rank(self, needed: int) -> None:
        """Put the first of what was seen in order, once; the rest, and what is seen later, stands behind them."""
        first = itertools.islice(self._seen.values(), max(CHOICE, needed))
        wish = Wish(self._request.image_id)
        best = self._ranking.ranked(self._conn, first, self._request.pool_ids, wish, needed)
        self._seen = {node_id: self._seen[node_id] for node_id in best} | self._seen
        self._ranked = True

    def _candidates(self, needed: int) -> Iterator[list[Candidate]]:
        if self._request.reservation_id is not None:
            yield self._request.reserved(self._conn)
            return
        for pool_id in self._request.pool_ids:
            wanted = self._request.offers(pool_id)
            if self._rule is not None and self._rule.policy in TOGETHER:
                yield from self._by_domain(wanted, self._rule)
            else:
                yield from self._windows(wanted, CHOICE if self._rule is not None or self._ranking else _size(needed))

    def _by_domain(self, wanted: candidates.Wanted, rule: Rule) -> Iterator[list[Candidate]]:
        """Every offer of the domains that are held, then, where others are allowed, of those that random offers are in."""
        explored = {domain for domain in self._held if domain}
        if explored:
            yield candidates.within(self._conn, wanted, rule, explored)
        if rule.hard and self._held:
            return
        for some in self._windows(wanted, candidates.SMALLEST):
            domains = {candidate.node_id: rule.domain(candidate.zone, candidate.path) for candidate in some}
            new = {domain for domain in domains.values() if domain} - explored
            explored |= new
            nowhere = [candidate for candidate in some if not domains[candidate.node_id]]
            yield [*(candidates.within(self._conn, wanted, rule, new) if new else []), *nowhere]

    def _windows(self, wanted: candidates.Wanted, size: int) -> Iterator[list[Candidate]]:
        return candidates.windows(self._conn, wanted, _RANDOM.randrange(offers.RND), size=size, placed=self._rule is not None)
