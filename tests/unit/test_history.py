# SPDX-License-Identifier: Apache-2.0
"""The judge of the integration tier's claims must find what is planted."""

from baremetal_svc.domain.spread import AFFINITY, ANTI_AFFINITY, Rule
from tests.fixtures.history import Sample, Tried, World, broken, promises_broken, refused

WORLD = World({"a": "dc/1", "b": "dc/1", "c": "dc/2", "d": "dc/3"}, {"apart": Rule(ANTI_AFFINITY, 2, 1), "together": Rule(AFFINITY, 2)})


def _samples(*held: set[tuple[str, str]], offers: str = "") -> list[Sample]:
    return [Sample(n / 10, n / 10 + 0.01, frozenset(offers), frozenset(pairs)) for n, pairs in enumerate(held)]


def _refusal(samples: list[Sample], group: str | None, asked: int, taken: str = "", least: int = 1) -> tuple[int, int]:
    judged, wrong = refused(WORLD, samples, [Tried(0.05, 0.15, group, asked, least, frozenset(taken))], {"s": group} if group else {})
    return judged, len(wrong)


def test_what_holds() -> None:
    assert list(broken(WORLD, _samples({("a", "s"), ("c", "t")}, {("d", "u")}), {"s": "apart", "t": "apart", "u": "together"})) == []


def test_a_node_or_a_server_twice() -> None:
    assert len(list(broken(WORLD, _samples({("a", "s"), ("a", "t")}, {("a", "s"), ("b", "s")}), {}))) == 2


def test_a_broken_rule() -> None:
    assert len(list(broken(WORLD, _samples({("a", "s"), ("b", "t")}), {"s": "apart", "t": "apart"}))) == 1
    assert len(list(broken(WORLD, _samples({("a", "s"), ("c", "t")}), {"s": "together", "t": "together"}))) == 1


def test_a_refusal_while_nodes_were_free() -> None:
    none: set[tuple[str, str]] = set()
    free = _samples(none, none, none, offers="abc")
    assert _refusal(free, None, 3) == (1, 1)
    assert _refusal(free, None, 4, least=4) == (1, 0)
    # Its own are no free ones, also while it is not yet committed.
    assert (_refusal(free, None, 4, taken="ab"), _refusal(free, None, 4, taken="abc")) == ((1, 1), (1, 0))
    assert (_refusal(free, "apart", 3, taken="a"), _refusal(free, "apart", 3, taken="ac")) == ((1, 1), (1, 0))
    assert (_refusal(free, "together", 3, taken="a"), _refusal(free, "together", 3, taken="ab")) == ((1, 1), (1, 0))
    # One to a rack: two racks. Together: two in one.
    assert (_refusal(free, "apart", 2, least=2), _refusal(free, "apart", 3, least=3)) == ((1, 1), (1, 0))
    assert (_refusal(free, "together", 2, least=2), _refusal(free, "together", 3, least=3)) == ((1, 1), (1, 0))


def test_nodes_that_came_or_went_meanwhile_were_not_free() -> None:
    begin, end = _samples(set(), offers="a")[0], Sample(0.2, 0.21, frozenset("b"), frozenset())
    assert _refusal([begin, end], None, 1) == (1, 0)


def test_members_take_room_of_their_domain() -> None:
    held = {("a", "s")}
    assert _refusal(_samples(held, held, held, offers="b"), "apart", 1) == (1, 0)
    assert _refusal(_samples(held, held, held, offers="c"), "apart", 1) == (1, 1)
    assert _refusal(_samples(held, held, held, offers="c"), "together", 1) == (1, 0)
    assert _refusal(_samples(held, held, held, offers="b"), "together", 1) == (1, 1)
    # Its only member went meanwhile.
    assert _refusal(_samples(held, held, set(), offers="c"), "together", 1) == (1, 0)


def test_samples_far_apart_judge_nothing() -> None:
    far = [Sample(0.0, 0.01, frozenset("a"), frozenset()), Sample(0.9, 0.91, frozenset("a"), frozenset())]
    assert _refusal(far, None, 1) == (0, 0)


def _promise(held: str = "", offers: str = "", reserved: str = "ab", uses: str = "r") -> int:
    sample = Sample(0.0, 0.1, frozenset(offers), frozenset((node, "s") for node in held), frozenset((node, "r") for node in reserved))
    return len(list(promises_broken([sample], {"s": uses}, 2)))


def test_a_promise_that_was_broken() -> None:
    assert (_promise(), _promise(held="a"), _promise(held="cd", offers="e", uses=""), _promise(reserved="")) == (0, 0, 0, 0)
    assert (_promise(held="a", uses="q"), _promise(offers="b"), _promise(reserved="a"), _promise(reserved="abc")) == (1, 1, 1, 1)
