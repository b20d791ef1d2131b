# SPDX-License-Identifier: Apache-2.0
"""Kill anything at any instant: real Ironic with slow fake hardware, Neutron, RabbitMQ, MariaDB, two API processes, three conductors."""

import os
import random
from pathlib import Path

import pytest

from tests.chaos.run import run

SECONDS = float(os.environ.get("CHAOS_SECONDS", "300"))
SEED = int(os.environ.get("CHAOS_SEED") or random.SystemRandom().randrange(10**6))
DATABASE = os.environ.get("CHAOS_DB", "mariadb")
LEAST_KILLS = 60


def test_nothing_is_lost_leaked_or_done_twice(tmp_path: Path) -> None:
    print(f"seed {SEED}: CHAOS_SEED={SEED} tools/test chaos")
    report = run(tmp_path, seed=SEED, seconds=SECONDS, database=DATABASE)
    if report.violations:
        # In few words: a comparison of lists would hide them among lines of its own.
        pytest.fail("\n".join([f"CHAOS_SEED={SEED}", *report.violations[:20]]), pytrace=False)
    assert report.kills + report.pauses >= LEAST_KILLS * min(1.0, SECONDS / 300)
    assert report.late > 0 and report.cut > 0 and report.restarts
    # Ironic's log could be read: what it says of each claim was looked at.
    assert report.deploys > 0
