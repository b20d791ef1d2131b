# SPDX-License-Identifier: Apache-2.0
"""The long run of chaos: kill anything at any instant for some minutes, on one of the databases, and look at what is left."""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.chaos.run import DATABASES, run


def main() -> int:
    """:returns: 0 when nothing was lost, leaked or done twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--db", choices=sorted(DATABASES), default="mariadb")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    asked = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    directory = Path(tempfile.mkdtemp(prefix="bench-chaos-"))
    print(f"seed {asked.seed}; the logs are in {directory} until nothing was found", flush=True)
    report = run(directory, seed=asked.seed, seconds=asked.minutes * 60, database=asked.db)
    print(json.dumps({"benchmark": "chaos", "minutes": asked.minutes, **report.said()}))
    if report.violations:
        return 1
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
