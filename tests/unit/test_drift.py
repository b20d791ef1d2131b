# SPDX-License-Identifier: Apache-2.0
"""Every kind of drift by a table: a world in order has none, one change makes exactly one kind, and what is at work is not judged."""

from dataclasses import replace
from typing import Any

import pytest

from baremetal_svc.domain import drift
from baremetal_svc.domain.observed import (
    ClaimRow,
    LiveOperation,
    NicRow,
    NodeSeen,
    Outside,
    PastOperation,
    PortSeen,
    Repair,
    Rows,
    Seen,
    ServerRow,
    VifSeen,
)

SERVER = ServerRow("s", "active", "n", False, 1.0)
CLAIM = ClaimRow("c", "n", "s", "live")
NIC = NicRow("s", 0, "p", False, False)
NODE = NodeSeen("n", "s", frozenset({"s"}), True, "active")
FREE = NodeSeen("free", None, frozenset(), False, "available")
PORT = PortSeen("p", "net", "s", "c", 0)
VIF = VifSeen("n", "p")
CREATED = PastOperation("servers.create", "done", 5.0)
ADOPTED = PastOperation("adoption.adopt", "done", 5.0)
LIVE = LiveOperation("o", "servers.create", "waiting", "s", frozenset({"o", "s"}), None, -10.0, None)
SAFE, MANUAL = Repair.SAFE, Repair.MANUAL


def by_id(*items: Any) -> dict[str, Any]:
    return {item.id: item for item in items}


def rows(**changed: Any) -> Rows:
    found: dict[str, Any] = {
        "at": 100.0,
        "claims": by_id(CLAIM),
        "servers": by_id(SERVER),
        "nics": {("s", 0): NIC},
        "nodes": frozenset({"n", "free"}),
    }
    return Rows(**{**found, **changed})


def outside(**changed: Any) -> Outside:
    return Outside(**{"nodes": by_id(NODE, FREE), "vifs": (VIF,), "ports": by_id(PORT), **changed})


def seen(database: Rows, other: Outside, *past: PastOperation) -> Seen:
    return Seen(database, other, database, {"s": past} if past else {}, lease=15.0)


def found(view: Seen) -> list[tuple[str, Repair]]:
    return [(finding.code, finding.repair) for finding in drift.judge(view).findings]


NO_SERVER: dict[str, Any] = {"servers": {}, "nics": {}}
NOTHING: dict[str, Any] = {**NO_SERVER, "claims": {}}
POWERED = replace(SERVER, status="powering-on")


def _started(state: str) -> PastOperation:
    return PastOperation("power.start", state, 6.0)


CASES: list[tuple[str, Seen, list[tuple[str, Repair]]]] = [
    ("in order", seen(rows(), outside()), []),
    ("claim of a server that is gone", seen(rows(**NO_SERVER), outside(), CREATED), [("claim_without_server", SAFE)]),
    ("that was adopted", seen(rows(**NO_SERVER), outside(), CREATED, ADOPTED), [("claim_without_server", MANUAL)]),
    ("of which nothing is known", seen(rows(**NO_SERVER), outside()), [("claim_without_server", MANUAL)]),
    (
        "releasing by nobody",
        seen(rows(claims=by_id(replace(CLAIM, state="releasing")), **NO_SERVER), outside()),
        [("claim_not_released", SAFE)],
    ),
    ("instance without anything", seen(rows(**NOTHING), outside(), CREATED), [("instance_without_server", SAFE)]),
    (
        "on a node that another server holds",
        seen(rows(claims=by_id(replace(CLAIM, server_id="t")), servers=by_id(replace(SERVER, id="t")), nics={}), outside(), CREATED),
        [("instance_without_server", MANUAL), ("node_lost", MANUAL)],
    ),
    (
        "instance of another system",
        seen(rows(**NOTHING), outside(nodes=by_id(replace(NODE, marked=frozenset())), ports={}, vifs=()), CREATED),
        [],
    ),
    ("instance on an unknown node", seen(rows(**NOTHING, nodes=frozenset()), outside(ports={}, vifs=()), CREATED), []),
    ("node gone", seen(rows(), outside(nodes={}, vifs=())), [("node_gone", MANUAL)]),
    ("node of nobody", seen(rows(), outside(nodes=by_id(replace(NODE, instance_id=None)))), [("node_lost", MANUAL)]),
    ("node not protected", seen(rows(), outside(nodes=by_id(replace(NODE, protected=False)))), [("node_not_protected", MANUAL)]),
    (
        "which a server in error need not be",
        seen(rows(servers=by_id(replace(SERVER, status="error"))), outside(nodes=by_id(replace(NODE, protected=False)))),
        [],
    ),
    (
        "server on another node than its own",
        seen(rows(), outside(nodes=by_id(replace(NODE, instance_id="x"), replace(FREE, instance_id="s")))),
        [("instance_misplaced", MANUAL), ("node_lost", MANUAL)],
    ),
    (
        "a late machine of a server that failed",
        seen(rows(claims={}, servers=by_id(replace(SERVER, status="error")), nics={}), outside(ports={}, vifs=()), CREATED),
        [("instance_misplaced", SAFE)],
    ),
    (
        "that was adopted, or has no marker",
        seen(rows(claims={}, servers=by_id(replace(SERVER, status="error")), nics={}), outside(ports={}, vifs=()), CREATED, ADOPTED),
        [("instance_misplaced", MANUAL)],
    ),
    ("server without a claim", seen(rows(claims={}), outside()), [("server_without_claim", MANUAL)]),
    ("which one in error need not have", seen(rows(claims={}, servers=by_id(replace(SERVER, status="error")), nics={}), outside(
        nodes=by_id(FREE), vifs=(), ports={})), []),
    ("port of a server that is gone", seen(rows(**NOTHING), outside(nodes={}, vifs=()), CREATED), [("port_without_server", SAFE)]),
    ("of which nothing is known, too", seen(rows(**NOTHING), outside(nodes={}, vifs=())), [("port_without_server", MANUAL)]),
    (
        "on a node that is free",
        seen(rows(**NOTHING), outside(nodes=by_id(FREE), vifs=(VifSeen("free", "p"),)), CREATED),
        [("vif_without_server", SAFE)],
    ),
    (
        "on a node that is another's",
        seen(rows(**NOTHING), outside(nodes=by_id(replace(FREE, instance_id="x")), vifs=(VifSeen("free", "p"),)), CREATED),
        [("vif_without_server", MANUAL)],
    ),
    ("something on a free node", seen(rows(), outside(vifs=(VIF, VifSeen("free", "q")))), [("vif_on_free_node", SAFE)]),
    ("a server's port on a free node", seen(rows(), outside(vifs=(VIF, VifSeen("free", "p")))), [("vif_on_free_node", MANUAL)]),
    ("second port", seen(rows(), outside(ports=by_id(PORT, replace(PORT, id="q")))), [("port_without_nic", SAFE)]),
    (
        "second port in use",
        seen(rows(), outside(ports=by_id(PORT, replace(PORT, id="q")), vifs=(VIF, VifSeen("n", "q")))),
        [("port_without_nic", MANUAL)],
    ),
    ("no port", seen(rows(), outside(ports={})), [("nic_without_port", MANUAL)]),
    ("no port of an adopted one", seen(rows(servers=by_id(replace(SERVER, adopted=True))), outside(ports={})), []),
    ("NIC detaching", seen(rows(nics={("s", 0): replace(NIC, detaching=True)}), outside()), [("nic_detaching", SAFE)]),
    ("on its way", seen(rows(servers=by_id(POWERED)), outside(), CREATED, _started("failed")), [("status_stuck", SAFE)]),
    ("on another way", seen(rows(servers=by_id(POWERED)), outside(), _started("failed"), replace(CREATED, ended_at=7.0)), [
        ("status_stuck", MANUAL)]),
    ("to an unknown end", seen(rows(servers=by_id(POWERED)), outside()), [("status_stuck", MANUAL)]),
    ("logbook", seen(rows(logbooks=frozenset({"o"})), outside()), [("logbook_without_operation", SAFE)]),
    ("secret", seen(rows(secrets=frozenset({"o"})), outside()), [("secret_without_operation", SAFE)]),
    ("offers", seen(rows(offers=frozenset({"free"})), outside()), [("offers_disagree", SAFE)]),
    ("offers of a held node at rest", seen(rows(offers=frozenset({"n"})), outside()), [("offers_disagree", SAFE)]),
    ("live", seen(rows(operations=by_id(LIVE), logbooks=frozenset({"o"})), outside()), []),
    ("blocked by nothing", seen(rows(operations=by_id(replace(LIVE, blocked_by="gone"))), outside()), [("operation_blocked", SAFE)]),
    ("blocked by a live one", seen(rows(operations=by_id(LIVE, replace(LIVE, id="b", blocked_by="o"))), outside()), []),
    ("late", seen(rows(operations=by_id(replace(LIVE, overdue=899.0))), outside()), []),
    ("too late", seen(rows(operations=by_id(replace(LIVE, overdue=901.0))), outside()), [("operation_overdue", MANUAL)]),
    ("left", seen(rows(operations=by_id(replace(LIVE, abandoned=149.0))), outside()), []),
    ("left for long", seen(rows(operations=by_id(replace(LIVE, abandoned=151.0))), outside()), [("operation_abandoned", MANUAL)]),
]  # fmt: skip


@pytest.mark.parametrize(("view", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_found_or_not(view: Seen, expected: list[tuple[str, Repair]]) -> None:
    assert sorted(found(view)) == sorted(expected)
    for finding in drift.judge(view).findings:
        assert finding.detail.endswith(".") and finding.proposal.endswith(".") and finding.target_kind in ("server", "node", "operation")


def test_every_kind_is_in_the_table_of_cases() -> None:
    assert {code for case in CASES for code, _ in case[2]} == drift.CODES


BUSY: list[tuple[str, Rows, Rows, tuple[PastOperation, ...]]] = [
    ("an operation before", rows(operations=by_id(LIVE), **NO_SERVER), rows(**NO_SERVER), (CREATED,)),
    ("an operation after", rows(**NO_SERVER), rows(operations=by_id(LIVE), **NO_SERVER), (CREATED,)),
    ("one of the claim", rows(**NO_SERVER), rows(operations=by_id(replace(LIVE, names=frozenset({"c"}))), **NO_SERVER), (CREATED,)),
    ("one of the node", rows(**NO_SERVER), rows(operations=by_id(replace(LIVE, names=frozenset({"n"}))), **NO_SERVER), (CREATED,)),
    ("one that ended meanwhile", rows(**NO_SERVER), rows(**NO_SERVER), (CREATED, PastOperation("servers.delete", "done", 101.0))),
    ("one that began after", rows(**NO_SERVER), rows(**NO_SERVER), (CREATED, PastOperation("servers.delete", "pending", None))),
    ("a server that went", rows(), rows(**NO_SERVER), (CREATED,)),
    ("a claim that changed", rows(**{**NO_SERVER, "claims": by_id(replace(CLAIM, state="releasing"))}), rows(**NO_SERVER), (CREATED,)),
    ("a claim that is new", rows(**NOTHING), rows(**NO_SERVER), (CREATED,)),
    ("a NIC that came", rows(servers={}, nics={}), rows(servers={}), (CREATED,)),
]


@pytest.mark.parametrize(("before", "after", "past"), [case[1:] for case in BUSY], ids=[case[0] for case in BUSY])
def test_what_is_at_work_or_changed_meanwhile_is_not_judged(before: Rows, after: Rows, past: tuple[PastOperation, ...]) -> None:
    view = Seen(before, outside(), after, {"s": past})
    assert found(view) == []
    assert found(replace(view, before=rows(**NO_SERVER), rows=rows(**NO_SERVER), past={"s": (CREATED,)}))


@pytest.mark.parametrize(("missing", "untold"), [("nodes", "node_gone"), ("vifs", "vif_without_server"), ("ports", "nic_without_port")])
def test_what_was_not_listed_is_not_judged(missing: str, untold: str) -> None:
    view = seen(rows(), outside(**{missing: None}))
    verdict = drift.judge(view)
    assert verdict.findings == () and untold not in verdict.told and "claim_without_server" in verdict.told


def test_leftovers_count_when_both_readings_have_them() -> None:
    one = rows(logbooks=frozenset({"o"}), secrets=frozenset({"o"}), offers=frozenset({"free"}))
    assert found(Seen(one, outside(), rows())) == found(Seen(rows(), outside(), one)) == []


def test_history_is_asked_for_what_is_unexplained_only() -> None:
    assert drift.unexplained(rows(), outside()) == frozenset()
    strange = {"nodes": by_id(replace(NODE, instance_id="x", marked=frozenset({"x"})), replace(FREE, instance_id="foreign"))}
    assert drift.unexplained(rows(), outside(**strange)) == {"x"}
    assert drift.unexplained(rows(servers=by_id(POWERED)), outside()) == {"s"}
    assert drift.unexplained(rows(servers={}), outside()) == {"s"}
