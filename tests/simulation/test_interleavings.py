# SPDX-License-Identifier: Apache-2.0
"""2,000 operations through the real runner and persistence, by two conductors that a baton interleaves at each SQL statement.

Each part is a simulation of its own from a seed of its own; SIMULATION_SEED makes others. A part that fails says its seed, and fails in the
same way again: ``tools/bench simulation --operations 250 --seed SEED`` runs one outside of pytest.
"""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from baremetal_svc.db import operations
from baremetal_svc.db.clock import now
from tests.fixtures.simulation import Report, Simulation

SEED = os.environ.get("SIMULATION_SEED", "1")
PARTS, OPERATIONS = 8, 250


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """The conductors warn of every death and outage that is made here on purpose."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def simulate(directory: Path, seed: str, wanted: int) -> Report:
    directory.mkdir(exist_ok=True)
    simulation = Simulation(directory, seed, wanted)
    try:
        return simulation.run()
    finally:
        print(simulation.report)


@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_the_order_the_invariants_hold(tmp_path: Path, part: int) -> None:
    report = simulate(tmp_path, f"{SEED}/{part}", OPERATIONS)
    assert report.operations >= OPERATIONS
    # It was not all peace: operations were run by both, and one of the two was refused.
    assert min(report.deaths, report.stops, report.together, report.lost) > 0


def test_a_seed_is_a_run(tmp_path: Path) -> None:
    first, again, other = (simulate(tmp_path / name, seed, 30) for name, seed in (("1", "a"), ("2", "a"), ("3", "b")))
    assert (first.trace, first.turns) == (again.trace, again.turns)
    assert first.trace != other.trace


def test_a_fence_that_looks_at_no_generation_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation must be able to fail: a save of a stopped conductor that wakes up while another one runs the operation."""
    column = operations.OP
    blind = sa.and_(column.id == sa.bindparam("held_id"), sa.bindparam("held_generation") >= 0, column.state == "running")
    fence = sa.update(operations.Operation.__table__).where(blind).values(seq=column.seq + 1, updated_at=now())
    monkeypatch.setattr(operations, "_FENCE", fence)
    with pytest.raises(AssertionError, match="is run under generation"):
        simulate(tmp_path, "planted", 100)
