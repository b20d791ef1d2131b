# SPDX-License-Identifier: Apache-2.0
"""What a newcomer runs: tools/quickstart with a real Ironic, from this checkout, and that nothing is left of it."""

import argparse
import json
import os
import shlex
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
API_PORT = os.environ.get("BAREMETAL_SVC_PORT_QUICKSTART_API", "18480")
IRONIC_PORT = os.environ.get("BAREMETAL_SVC_PORT_QUICKSTART_IRONIC", "16785")
PHASES = {"venv", "service", "enrol", "catalogue", "create", "total"}


def command(state: Path, *options: str) -> list[str]:
    ports = ["--api-port", API_PORT, "--ironic-port", IRONIC_PORT]
    return [str(CHECKOUT / "tools" / "quickstart"), "--state-dir", str(state), *ports, *options]


def left_of(state: Path) -> list[str]:
    """Processes that name the state directory on their command line, or are in it, as Ironic and its worker are."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0") if process.name.isdecimal() else []
            if words and (str(state) in " ".join(words) or str(state) in os.readlink(process / "cwd")):
                found.append(" ".join(words))
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
    return found


def nothing_left(state: Path, seconds: float = 0) -> bool:
    end, pause = time.monotonic() + seconds, threading.Event()
    while left_of(state) and time.monotonic() < end:
        pause.wait(0.1)
    return not left_of(state)


def run(state: Path) -> dict[str, Any]:
    done = subprocess.run(command(state, "--exit", "--json"), capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert nothing_left(state), left_of(state)
    assert len(done.stdout.splitlines()) == 1
    answer: dict[str, Any] = json.loads(done.stdout)
    assert answer["outcome"] == "active" and answer["seconds"].keys() == PHASES
    return answer


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state directory in which the quickstart has been once."""
    directory = tmp_path_factory.mktemp("quickstart") / "state"
    print(run(directory))
    return directory


@pytest.fixture
def up(state: Path) -> Iterator["subprocess.Popen[str]"]:
    """A quickstart that stays up, at the moment in which it says what to try next."""
    with subprocess.Popen(command(state), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        yield process
        process.kill()
    assert nothing_left(state, 30), left_of(state)


def said_until(process: "subprocess.Popen[str]", word: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if word in line:
            return lines
    raise AssertionError("".join(lines))


def paste(line: str) -> int:
    """What a shell and curl would send for such a line; the status of the answer."""
    parser = argparse.ArgumentParser()
    for option in ("-s", "-i"):
        parser.add_argument(option, action="store_true")
    parser.add_argument("-X", default="GET")
    parser.add_argument("-H", action="append")
    parser.add_argument("-d")
    parser.add_argument("url")
    said = parser.parse_args(shlex.split(line)[1:])
    headers = dict(header.split(": ", 1) for header in said.H)
    request = urllib.request.Request(said.url, said.d.encode() if said.d else None, headers, method=said.X)
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return int(answer.status)


def test_a_second_run_uses_what_is_there(state: Path) -> None:
    # 25 s is for two quiet cores, and these are seldom quiet.
    assert run(state)["seconds"]["total"] < 50


def test_the_three_commands_work_and_ctrl_c_stops_everything(state: Path, up: "subprocess.Popen[str]") -> None:
    lines = [line.strip() for line in said_until(up, "Ctrl-C stops everything") if line.startswith("  curl")]
    assert [paste(line) for line in lines] == [200, 202, 204]
    up.send_signal(signal.SIGINT)
    assert up.wait(40) == 0
    assert nothing_left(state), left_of(state)


def test_kill_9_leaves_nothing_behind(state: Path, up: "subprocess.Popen[str]") -> None:
    said_until(up, "Enrolling")
    assert left_of(state)
    up.kill()
    assert nothing_left(state, 30), left_of(state)


@pytest.mark.parametrize("phase", ["Starting", "Enrolling"])
def test_ctrl_c_on_the_way_leaves_nothing_behind(state: Path, phase: str, up: "subprocess.Popen[str]") -> None:
    said_until(up, phase)
    up.send_signal(signal.SIGINT)
    assert up.wait(40) == 130
    assert nothing_left(state), left_of(state)


def test_a_port_in_use_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", int(API_PORT)))
        listening.listen(1)
        done = subprocess.run(command(tmp_path / "state", "--exit", "--json"), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == f"quickstart: port {API_PORT} is in use; choose another one with --api-port\n"
    assert json.loads(done.stdout)["outcome"].startswith("refused")
    assert not (tmp_path / "state").exists()
