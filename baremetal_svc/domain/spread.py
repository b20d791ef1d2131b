# SPDX-License-Identifier: Apache-2.0
"""Which nodes a group's members get: together or apart, by a level of the failure domain. Pure; the claim feeds it with candidates."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from baremetal_svc.domain.errors import Invalid

AFFINITY, ANTI_AFFINITY = "affinity", "anti-affinity"
SOFT_AFFINITY, SOFT_ANTI_AFFINITY = "soft-affinity", "soft-anti-affinity"
POLICIES = (AFFINITY, ANTI_AFFINITY, SOFT_AFFINITY, SOFT_ANTI_AFFINITY)
TOGETHER = frozenset({AFFINITY, SOFT_AFFINITY})


@dataclass(frozen=True, slots=True)
class Candidate:
    """A node that could be taken, out of a pool.

    :ivar zone: its affinity zone, else its whole path. :ivar path: its failure domain, "" for none.
    """

    node_id: str
    pool_id: str
    zone: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """A group's rule.

    :ivar depth: how many steps of the failure domain's path make a domain; None: affinity zones, as Mogan had them.
    :ivar most: members in one domain, for the policies that keep apart.
    """

    policy: str
    depth: int | None = None
    most: int = 1

    @property
    def hard(self) -> bool:
        """No node rather than one that breaks the rule."""
        return self.policy in (AFFINITY, ANTI_AFFINITY)

    def domain(self, zone: str, path: str) -> str:
        """The domain of a node as this rule counts it; "" for a node of which it is not known."""
        return zone if self.depth is None else prefix(path, self.depth)


def prefix(path: str, depth: int) -> str:
    """The first steps of a path, as many as the depth; "" for a path that is shorter."""
    steps = path.split("/") if path else []
    return "/".join(steps[:depth]) if len(steps) >= depth else ""


def check_room(rule: Rule, level: str | None, domains: int, members: int, more: int) -> None:
    """Refuse what a hard rule could not hold with all nodes free.

    :param domains: that any node is in, as the rule counts them. :param members: that the group has. :param more: that are asked for.
    :raises Invalid:
    """
    if rule.policy == AFFINITY and not domains:
        level_of = f" of the level {level}" if level else ""
        raise Invalid(f"No machine is in a failure domain{level_of}.", hint="Use a group with another level or a soft policy.")
    if rule.policy == ANTI_AFFINITY and members + more > domains * rule.most:
        have = f" beside the {members} that have a machine or wait for one" if members else ""
        where = f"failure domain{'' if domains == 1 else 's'}{f' of the level {level}' if level else ''}"
        raise Invalid(
            f"The group cannot hold {more} more{have}: there are {domains} {where}, and it has at most {rule.most} in each.",
            hint="Ask for fewer, or use a group with another level, a larger max_per_domain or a soft policy.",
        )


def choose(candidates: Sequence[Candidate], needed: int, rule: Rule | None, held: Mapping[str, int]) -> list[Candidate]:
    """At most so many of the candidates, which come best first, that the rule allows together with what members hold already.

    :param held: domain -> members that hold a node in it.
    """
    if rule is None:
        return list(candidates[:needed])
    by_domain: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_domain[rule.domain(candidate.zone, candidate.path)].append(candidate)
    if rule.hard:
        by_domain.pop("", None)
    return _CHOICES[rule.policy](by_domain, candidates, needed, rule, Counter(held))


def breaks(rule: Rule, here: str, there: str, others: Mapping[str, int]) -> bool:
    """Whether a hard rule is broken when what a member holds turns out to stand in another domain, where that can be told of others.

    :param others: domain -> other members that hold a node in it.
    """
    if not rule.hard or here == there or not others:
        return False
    if rule.policy == ANTI_AFFINITY:
        return not there or others.get(there, 0) >= rule.most
    return not there or there not in others


def room(places: Mapping[tuple[str, str], int], rule: Rule, held: Mapping[str, int]) -> int:
    """How many nodes the rule would allow at once together with what members hold: as many as choose() would find of them.

    :param places: (zone, path) -> nodes there. :param held: domain -> members that hold a node in it.
    """
    counts = Counter[str]()
    for (zone, path), nodes in places.items():
        counts[rule.domain(zone, path)] += nodes
    if not rule.hard:
        return counts.total()
    del counts[""]
    if rule.policy == ANTI_AFFINITY:
        return sum(min(nodes, max(0, rule.most - held.get(domain, 0))) for domain, nodes in counts.items())
    return max((nodes for domain, nodes in counts.items() if not held or domain in held), default=0)


Domains = Mapping[str, Sequence[Candidate]]


def _apart(domains: Domains, candidates: Sequence[Candidate], needed: int, rule: Rule, held: Counter[str]) -> list[Candidate]:
    """Best first, no domain beyond its most. As each node is in one domain, no other order would get more."""
    chosen: list[Candidate] = []
    for candidate in candidates:
        domain = rule.domain(candidate.zone, candidate.path)
        if len(chosen) < needed and domain in domains and held[domain] < rule.most:
            held[domain] += 1
            chosen.append(candidate)
    return chosen


def _rather_apart(domains: Domains, candidates: Sequence[Candidate], needed: int, rule: Rule, held: Counter[str]) -> list[Candidate]:
    """Each from the domain with the fewest members of those that have a node left; a node without a domain counts as one by itself."""
    left = {domain: list(nodes) for domain, nodes in domains.items()}
    chosen: list[Candidate] = []
    while len(chosen) < needed and left:
        domain = min(left, key=lambda name: held[name] if name else 0)
        chosen.append(left[domain].pop(0))
        held[domain] += 1
        if not left[domain]:
            del left[domain]
    return chosen


def _together(domains: Domains, candidates: Sequence[Candidate], needed: int, rule: Rule, held: Counter[str]) -> list[Candidate]:
    """All in the one domain that members hold; for the first ones in the first that has room for all, else in the roomiest."""
    allowed = {name: nodes for name, nodes in domains.items() if not held or name in held}
    fitting = next((nodes for nodes in allowed.values() if len(nodes) >= needed), None)
    return list(fitting or max(allowed.values(), key=len, default=()))[:needed]


def _rather_together(domains: Domains, candidates: Sequence[Candidate], needed: int, rule: Rule, held: Counter[str]) -> list[Candidate]:
    """Where most members are first, then where there is room for all, then in as few domains as will do."""
    order = sorted(domains, key=lambda name: (not name, -held[name], len(domains[name]) < needed, -min(len(domains[name]), needed)))
    return [candidate for name in order for candidate in domains[name]][:needed]


_CHOICES = {
    ANTI_AFFINITY: _apart,
    SOFT_ANTI_AFFINITY: _rather_apart,
    AFFINITY: _together,
    SOFT_AFFINITY: _rather_together,
}
