# SPDX-License-Identifier: Apache-2.0
"""The model of claims, leases and lifecycle for a million steps, or as many as a minute allows; the unit tier shows that it can fail."""

import itertools
import os
import time

from tests.fixtures import claims_machine

STEPS, SECONDS = 1_000_000, 60.0
SEED = int(os.environ.get("SIMULATION_SEED", "1"))


def test_the_model_holds_for_a_minute() -> None:
    """Time-bounded by examples, each chunk from a seed of its own that a failure names."""
    steps, until = 0, time.monotonic() + SECONDS
    for number in itertools.count(SEED * 1000):
        try:
            steps += claims_machine.run(200, number)
        except BaseException as error:
            error.add_note(f"claims_machine.run(200, {number})")
            raise
        if steps >= STEPS or time.monotonic() > until:
            break
    print(f"model of claims: {steps} steps from seed {SEED}")
    assert steps > 10_000
