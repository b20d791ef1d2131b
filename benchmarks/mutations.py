# SPDX-License-Identifier: Apache-2.0
"""Plants faults in a copy of the code, one at a time, and has the tests find each: a proof that they can fail."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from devstack.local import layout

SOURCE = "baremetal_svc/"


@dataclass(frozen=True)
class Fault:
    """A piece of code, what is put in its place, and the tests that must notice."""

    name: str
    path: str
    old: str
    new: str
    tests: str


FAULTS = (
    Fault(
        "the fence does not look at the generation",
        "db/operations.py",
        'OP.id == sa.bindparam("held_id"), OP.generation == sa.bindparam("held_generation"), OP.state == State.RUNNING)',
        'OP.id == sa.bindparam("held_id"), sa.bindparam("held_generation") >= 0, OP.state == State.RUNNING)',
        "tests/functional/test_lease.py",
    ),
    Fault(
        "saves of TaskFlow are not fenced",
        "conductor/persistence.py",
        "return self._run.transaction()",
        "return self._run.db.write()",
        "tests/functional/test_lease.py",
    ),
    Fault(
        "the cast goes out before the commit",
        "features/power/service.py",
        "        return client.enqueue(conn, call, power.kind, server_id, arguments)\n",
        "        call.services.wake(server_id)\n        return client.enqueue(conn, call, power.kind, server_id, arguments)\n",
        "tests/functional/test_outbox.py",
    ),
    Fault(
        "an exception leaves a revert",
        "conductor/runner.py",
        "            task.revert = _until_done(task.revert)\n",
        "",
        "tests/functional/networks tests/functional/adoption",
    ),
    Fault(
        "a wait returns instead of raising NotYet",
        "features/servers/tasks.py",
        '            raise NotYet("Ironic is deploying the node.", wait=NodeWait(node_id, deploy_asked_at))',
        "            return",
        "tests/functional/servers/test_flow.py",
    ),
    Fault(
        "the release of a failed create is left out",
        "features/servers/tasks.py",
        '    release_claim(conn, held, nics, quarantine, run.operation["request_id"])\n',
        "",
        "tests/functional/servers/test_flow.py",
    ),
    Fault(
        "the lease is not checked before a request is sent",
        "conductor/runner.py",
        "sending.checked(lambda: lease.check(self._timeout))",
        "sending.checked(lambda: None)",
        "tests/functional/test_lease.py",
    ),
    Fault(
        "a released node is offered at once",
        "features/nodes/tasks.py",
        "nodes.note_release(conn, node_id, quarantine)",
        "nodes.note_release(conn, node_id, 0.0)",
        "tests/functional/nodes",
    ),
    Fault(
        "a delete does not wait for the operation before it",
        "conductor/client.py",
        '"blocked_by": None if live is None else live["id"]',
        '"blocked_by": None',
        "tests/functional/servers tests/functional/rebuild",
    ),
    Fault(
        "a flow that was undone is run again",
        "conductor/runner.py",
        "_ENDED = (states.SUCCESS, states.REVERTED)",
        "_ENDED = (states.SUCCESS,)",
        "tests/functional/test_lease.py",
    ),
    Fault(
        "the operation of a dead conductor is left",
        "db/operations.py",
        "[*abandoned, *sorted(itertools.chain(*others))]",
        "[*sorted(itertools.chain(*others))]",
        "tests/functional/test_lease.py tests/functional/power/test_flow.py",
    ),
    Fault(
        "a cancel that comes while it runs is slept through",
        "db/operations.py",
        "(sa.or_(OP.cancel_requested, OP.wake_at.is_not(None)), now())",
        "(OP.wake_at.is_not(None), now())",
        "tests/functional/operations tests/functional/test_lease.py",
    ),
    Fault(
        "secrets outlive their operation",
        "db/operations.py",
        "        forget_secrets(conn, operation_id)\n",
        "",
        "tests/functional/servers",
    ),
    Fault(
        "an active node is not protected",
        "features/servers/tasks.py",
        '        ironic.protect(node_id, server_id, f"baremetal-svc claim {claim_id}")',
        "        return",
        "tests/functional/servers tests/functional/rebuild",
    ),
    Fault(
        "a wait before its time is believed an older listing",
        "features/servers/tasks.py",
        '        if row is None or row["observed_at"] <= deploy_asked_at:',
        "        if row is None:",
        "tests/functional/servers tests/functional/rebuild",
    ),
    Fault(
        "a node with a fault is offered",
        "domain/scheduling.py",
        "lambda node, now: not node.faulty",
        "lambda node, now: True",
        "tests/functional/faults",
    ),
)


def found(fault: Fault, copy: Path) -> str:
    """Plant the fault and run its tests: the first test that failed, empty when none did."""
    path = copy / SOURCE / fault.path
    text = path.read_text()
    if text.count(fault.old) != 1:
        raise ValueError(f"{fault.name}: its code stands {text.count(fault.old)} times in {fault.path}")
    path.write_text(text.replace(fault.old, fault.new))
    try:
        command = [str(layout.BIN / "python"), "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *fault.tests.split()]
        # What a planted fault has hang is a failure as well.
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False, timeout=300, env=_environment(copy))
    except subprocess.TimeoutExpired:
        return "a test that did not end"
    finally:
        path.write_text(text)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{fault.name}: pytest ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    failed = [line.split(" ")[1] for line in done.stdout.splitlines() if line.startswith(("FAILED tests", "ERROR tests"))]
    return failed[0] if failed else ""


def _environment(copy: Path) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1", "PATH": f"{layout.BIN}:{os.environ['PATH']}"}


def _copied(to: Path) -> Path:
    """What git knows of this checkout and what is new in it, as it stands."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=layout.CHECKOUT, check=True, capture_output=True).stdout
    for name in filter(None, names.decode().split("\0")):
        if (layout.CHECKOUT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(layout.CHECKOUT / name, to / name)
    return to


def main() -> int:
    """:returns: 0 when every fault was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="faults with this in their name")
    asked = parser.parse_args()
    chosen = [fault for fault in FAULTS if asked.only in fault.name]
    with tempfile.TemporaryDirectory(prefix="bench-mutations-") as directory:
        copies = [_copied(Path(directory) / str(number)) for number in range(2)]

        def work(number: int) -> dict[str, str]:
            verdicts = {}
            for fault in chosen[number::2]:
                verdicts[fault.name] = found(fault, copies[number])
                print(f"{fault.name}: {verdicts[fault.name] or 'NOT FOUND'}", flush=True)
            return verdicts

        with ThreadPoolExecutor(2) as pool:
            verdicts = {name: test for part in pool.map(work, range(2)) for name, test in part.items()}
    missed = [name for name, test in verdicts.items() if not test]
    print(json.dumps({"benchmark": "mutations", "faults": len(verdicts), "missed": missed}))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
