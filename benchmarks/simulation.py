# SPDX-License-Identifier: Apache-2.0
"""Operations of two interleaved conductors in the simulated world, over all cores; its status is not 0 when an invariant did not hold."""

import argparse
import json
import logging
import multiprocessing
import os
import random
import sys
import tempfile
import time
import traceback
from pathlib import Path

import baremetal_svc.cmd  # noqa: F401 - first: it chooses the threading backend of oslo.service
from tests.fixtures.simulation import Simulation

#: Of one simulation: its rows are compared after each action, so that a longer one costs more for each operation.
EACH = 250


def simulate(part: tuple[str, int]) -> tuple[str, int, float, str | None]:
    """One simulation in a process; its seed, operations, CPU seconds and what went wrong."""
    seed, wanted = part
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as directory:
        simulation = Simulation(Path(directory), seed, wanted)
        try:
            report = simulation.run()
        except Exception:
            return seed, simulation.report.operations, simulation.report.cpu, traceback.format_exc(limit=6)
        return seed, report.operations, report.cpu, None


def main() -> int:
    """:returns: 1 when an invariant did not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=50_000)
    parser.add_argument("--seed", default=str(random.SystemRandom().randrange(1_000_000)), help="chosen and printed when not given")
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    parts = [(f"{options.seed}/{number}", EACH) for number in range(-(-options.operations // EACH))]
    done, cpu, violations, begun = 0, 0.0, 0, time.monotonic()
    with multiprocessing.get_context("spawn").Pool(os.cpu_count(), maxtasksperchild=20) as pool:
        for seed, operations, seconds, wrong in pool.imap_unordered(simulate, parts):
            done, cpu = done + operations, cpu + seconds
            if wrong is not None:
                violations += 1
                print(f"seed {seed}:\n{wrong}", flush=True)
    wall = round(time.monotonic() - begun, 1)
    found = {"benchmark": "simulation", "operations": done, "violations": violations, "seed": options.seed}
    print(json.dumps({**found, "wall": wall, "cpu_ms": round(1000 * cpu / max(done, 1), 1)}))
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
