# SPDX-License-Identifier: Apache-2.0
"""The lifecycle table: every status in between leads to a stable one, and nothing leads out of nowhere."""

import pytest

from baremetal_svc.domain.errors import Conflict
from baremetal_svc.domain.lifecycle import LIFECYCLE, check_allowed, mermaid
from baremetal_svc.domain.operation import FINAL
from baremetal_svc.domain.server import STABLE, Status


def test_every_end_is_stable_or_nothing() -> None:
    for kind, change in LIFECYCLE.items():
        assert {change.end(state) for state in FINAL} <= STABLE | {None}, kind
        assert {change.end("done"), change.end("failed")} == {change.success, change.failure}, kind
        assert change.during not in STABLE, kind


def test_kinds_that_share_a_status_in_between_end_alike() -> None:
    # The words are the contract's: an adopted server is "building", one that is let go "deleting".
    ends: dict[Status, set[tuple[Status | None, Status | None]]] = {}
    for change in LIFECYCLE.values():
        if change.during:
            ends.setdefault(change.during, set()).add((change.success, change.failure))
    assert [status for status, found in ends.items() if len(found) > 1] == []
    assert set(ends) | STABLE == set(Status)


@pytest.mark.parametrize("status", [s for s in Status if s not in STABLE])
def test_only_delete_begins_in_between(status: Status) -> None:
    for kind in LIFECYCLE:
        if kind in ("servers.delete", "nodes.release") and status is not Status.DELETING:
            continue
        with pytest.raises(Conflict):
            check_allowed(kind, status)


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(Conflict) as refused:
        check_allowed("power.reboot", "stopped")
    assert "active" in refused.value.hint


def test_the_diagram_names_every_kind_with_a_status() -> None:
    drawn = mermaid()
    assert all(kind in drawn for kind, change in LIFECYCLE.items() if change.during)
