# SPDX-License-Identifier: Apache-2.0
"""Start and stop processes by pid. A pid counts only together with its start time: pids are used again."""

import os
import signal
import subprocess
from collections.abc import Sequence

from devstack.local import layout
from devstack.local.waiting import until

_CHILDREN: dict[int, "subprocess.Popen[bytes]"] = {}


def born(pid: int) -> str | None:
    """The start time of a live process in clock ticks since boot; None when it is gone or a zombie."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stat:
            fields = stat.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def pid(name: str) -> int | None:
    """The pid of a process that was started under this name, None when it does not run."""
    known = _noted(name)
    return known[0] if known and born(known[0]) == known[1] else None


def group(name: str) -> int | None:
    """The group of what was started under this name, while any of it runs: a script may have died and left what it started."""
    known = _noted(name)
    if known is None or born(known[0]) not in (known[1], None):
        return None
    return known[0] if _group_alive(known[0]) else None


def _noted(name: str) -> tuple[int, str] | None:
    try:
        text, start = (layout.RUN / f"{name}.pid").read_text().split()
    except (FileNotFoundError, ValueError):
        return None
    return int(text), start


def running() -> list[str]:
    """The names of what runs now."""
    return sorted(path.stem for path in layout.RUN.glob("*.pid") if group(path.stem))


def start(name: str, command: Sequence[str | os.PathLike[str]], user: str | None = None, **environment: str) -> int:
    """Start a process in a group of its own, its output appended to log/NAME.log; does nothing when it runs."""
    if known := pid(name):
        return known
    stop(name)
    with open(layout.LOG / f"{name}.log", "ab") as log:
        child = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=layout.environment(**environment),
            start_new_session=True,
            cwd=layout.SHORT,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
        )
    _CHILDREN[child.pid] = child
    path = layout.RUN / f"{name}.pid"
    path.with_suffix(".new").write_text(f"{child.pid} {born(child.pid)}\n")
    path.with_suffix(".new").rename(path)
    return child.pid


def stop(name: str, grace: float = 8.0, gently: signal.Signals = signal.SIGTERM) -> None:
    """TERM to the whole group, KILL when it is still there after `grace` seconds."""
    if known := group(name):
        _signal(known, gently)
        _signal(known, signal.SIGCONT)  # one that was stopped must wake to obey
        if not _gone_within(known, grace):
            _signal(known, signal.SIGKILL)
            if not _gone_within(known, 10):
                raise TimeoutError(f"{name}: pid {known} survives SIGKILL")
    (layout.RUN / f"{name}.pid").unlink(missing_ok=True)


def kill(name: str, what: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to the whole group at once: SIGKILL, SIGSTOP, SIGCONT.

    :raises ProcessLookupError: it does not run.
    """
    known = pid(name)
    if known is None:
        raise ProcessLookupError(f"{name} does not run")
    _signal(known, what)


def run(name: str, command: Sequence[str | os.PathLike[str]], user: str | None = None, **environment: str) -> None:
    """Run a command to its end, its output appended to log/NAME.log.

    :raises RuntimeError: it failed; the message holds the end of its output.
    """
    path = layout.LOG / f"{name}.log"
    with open(path, "ab") as log:
        done = subprocess.run(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=layout.environment(**environment),
            cwd=layout.SHORT,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            check=False,
        )
    if done.returncode:
        tail = "\n".join(path.read_text(errors="replace").splitlines()[-8:])
        raise RuntimeError(f"{command[0]} ended with {done.returncode}, see {path}:\n{tail}")


def _signal(leader: int, what: signal.Signals) -> None:
    try:
        os.killpg(leader, what)
    except ProcessLookupError:
        return  # gone by itself: what we wanted


def _gone_within(leader: int, seconds: float) -> bool:
    return until(lambda: not _group_alive(leader), seconds)


def _group_alive(leader: int) -> bool:
    if leader in _CHILDREN and _CHILDREN[leader].poll() is not None:
        del _CHILDREN[leader]
    for entry in os.listdir("/proc"):
        if entry.isdigit() and _group_of(int(entry)) == leader:
            return True
    return False


def _group_of(process: int) -> int | None:
    if born(process) is None:
        return None
    try:
        return os.getpgid(process)
    except ProcessLookupError:
        return None
