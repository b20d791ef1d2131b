# SPDX-License-Identifier: Apache-2.0
"""What a run cost besides time: requests by Ironic's own access log, CPU by the kernel's accounts."""

import os
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from devstack.local import layout, services

OUR_AGENT = "python-ironicclient"
_ACCESS_LOG = layout.LOG / "ironic-api-access.log"


def place() -> int:
    """Where Ironic's access log ends now."""
    return _ACCESS_LOG.stat().st_size


def ironic_calls(since: int) -> dict[str, int]:
    """What our conductor and API asked of Ironic since that place, listings included, by method and path without ids."""
    found: dict[str, int] = defaultdict(int)
    with open(_ACCESS_LOG, encoding="utf-8", errors="replace") as log:
        log.seek(since)
        for line in log:
            _, method, uri, _, _, agent = line.rstrip("\n").split(" ", 5)
            if agent.startswith(OUR_AGENT):
                parts = uri.partition("?")[0].split("/")
                found[" ".join([method, *(part if "-" not in part else "ID" for part in parts[2:])])] += 1
    return dict(found)


def print_cpu(size: int, groups: Mapping[str, int], measured: Callable[[], Any]) -> Any:
    """What it measured; prints the CPU that the services, these process groups and this process used meanwhile for each server."""
    pids = {name: services.pid(name) for name in services.running()} | dict(groups)
    known = {name: pid for name, pid in pids.items() if pid} | {"this": os.getpgrp()}
    before, begin = _cpu_seconds(known), time.monotonic()
    done = measured()
    used = {name: (after - before[name]) / size * 1000 for name, after in _cpu_seconds(known).items()}
    shown = ", ".join(f"{name} {ms:.0f}" for name, ms in sorted(used.items(), key=lambda item: -item[1]) if ms >= 1)
    print(f"  CPU ms a server: {sum(used.values()):.0f} in {time.monotonic() - begin:.1f} s ({shown})", flush=True)
    return done


def cpu(groups: Mapping[str, int], measured: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """CPU seconds that these process groups used meanwhile, and what it measured."""
    before = _cpu_seconds(groups)
    done = measured()
    return {name: after - before[name] for name, after in _cpu_seconds(groups).items()}, done


def _cpu_seconds(groups: Mapping[str, int]) -> dict[str, float]:
    found = dict.fromkeys(groups, 0.0)
    names = {group: name for name, group in groups.items()}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue
        if (name := names.get(int(fields[2]))) is not None:
            found[name] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return found
