# SPDX-License-Identifier: Apache-2.0
"""The all-in-one process without Ironic: what it refuses, what it keeps, and that nothing outlives it."""

import configparser
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import all_in_one, embedded_ironic, embedded_service, leash
from baremetal_svc.cmd.embedded_ironic import EmbeddedIronic
from baremetal_svc.cmd.state_directory import StateDirectory


def until(condition: Callable[[], bool], seconds: float = 10) -> bool:
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition() and time.monotonic() < end:
        pause.wait(0.02)
    return condition()


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(1)
        yield listening.getsockname()[1]


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "localhost.example"])
def test_listens_on_loopback_only(tmp_path: Path, host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert all_in_one.run(["--state-dir", str(tmp_path / "state"), "--host", host]) == 2
    assert host in capsys.readouterr().err
    assert not (tmp_path / "state" / "ironic").exists()


@pytest.mark.parametrize("option", ["--api-port", "--ironic-port"])
def test_a_port_in_use_is_one_line_and_nothing_starts(
    tmp_path: Path, option: str, taken: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(all_in_one, "_PORTS", range(1024, 65536))
    other = {"--api-port": "--ironic-port", "--ironic-port": "--api-port"}[option]
    assert all_in_one.run(["--state-dir", str(tmp_path / "state"), option, str(taken), other, "18999"]) == 2
    said = capsys.readouterr().err
    assert said == f"baremetal-svc-all-in-one: port {taken} is in use; choose another one with {option}\n"
    assert not (tmp_path / "state" / "ironic").exists()


@pytest.mark.parametrize("port", ["0", "80", "32768", "http"])
def test_ports_are_out_of_the_range_of_ephemeral_ones(tmp_path: Path, port: str) -> None:
    with pytest.raises(SystemExit) as refused:
        all_in_one.run(["--state-dir", str(tmp_path), "--api-port", port])
    assert refused.value.code == 2


def test_one_process_at_a_time_has_a_state_directory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    holder = StateDirectory(tmp_path)
    assert holder.hold()
    assert all_in_one.run(["--state-dir", str(tmp_path), "--api-port", "18998", "--ironic-port", "18999"]) == 2
    assert "another process uses" in capsys.readouterr().err


def test_the_key_is_made_once_and_ours_alone(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "with $ and %")
    secrets, general = state.configuration("127.0.0.1", 18080, "http://127.0.0.1:16385")
    key = secrets.read_text()
    assert state.configuration("::1", 18081, "http://127.0.0.1:16385")[0].read_text() == key
    assert secrets.stat().st_mode & 0o777 == 0o600
    written = configparser.RawConfigParser()
    written.read(general)
    assert written["api"]["public_endpoint"] == "http://[::1]:18081"
    assert "with $$ and %" in written["images"]["file"]


def test_what_an_operator_sets_is_kept_and_wins(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    (tmp_path / "local.conf").write_text("[conductor]\ndrain_timeout = 7\n")
    files = state.configuration("127.0.0.1", 18080, "http://127.0.0.1:16385")
    # Not the global one, which other tests have yet to register options with.
    found = configuration.register(cfg.ConfigOpts())
    found([argument for file in files for argument in ("--config-file", str(file))], project="baremetal_svc")
    assert (found.conductor.drain_timeout, found.conductor.listing_interval) == (7, 0.3)
    assert "local.conf" in (tmp_path / "baremetal-svc.conf").read_text()


def leashed(*command: str, parent: int | None = None) -> list[str]:
    number = str(int(signal.SIGKILL))
    return [sys.executable, "-I", "-S", leash.__file__, number, str(parent or os.getpid()), *command]


def test_a_leashed_process_ends_when_its_parent_is_killed() -> None:
    program = (
        "import os, signal, subprocess, sys\n"
        f"leash = [sys.executable, '-I', '-S', {leash.__file__!r}, '9', str(os.getpid()), '/bin/sleep', '60']\n"
        "child = subprocess.Popen(leash, start_new_session=True)\n"
        "print(child.pid, flush=True)\n"
        "signal.pause()\n"
    )
    with subprocess.Popen([sys.executable, "-S", "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        name = Path(f"/proc/{child}/comm")
        assert until(lambda: name.read_text().strip() == "sleep")
        parent.kill()
        assert until(lambda: not lives(child))


def test_a_leashed_process_does_not_begin_without_its_parent() -> None:
    done = subprocess.run(leashed("/bin/echo", "began", parent=1), capture_output=True, text=True, check=False)
    assert done.returncode == 1 and not done.stdout


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Put scripts in the place of Ironic's programs."""
    directory = tmp_path / "bin"
    directory.mkdir()
    (directory / "python").symlink_to(sys.executable)
    monkeypatch.setattr(embedded_ironic.sys, "executable", str(directory / "python"))

    def write(**scripts: str) -> None:
        for name, script in scripts.items():
            file = directory / name.replace("_", "-")
            file.write_text(f"#!/bin/sh\n{script}\n")
            file.chmod(0o755)

    return write


def ironic_in(tmp_path: Path) -> EmbeddedIronic:
    return EmbeddedIronic(tmp_path, 16385, power_delay=0, deploy_delay=0)


def test_what_ignores_term_is_killed_with_its_children(
    tmp_path: Path, programs: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_ironic, "_GRACE", 0.3)
    programs(ironic_dbsync="exit 0", ironic=f"trap '' TERM; sleep 60 & echo $! > {tmp_path}/child; wait")
    ironic = ironic_in(tmp_path)
    ironic.prepare()
    assert ironic.start(threading.Event()) and until(lambda: (tmp_path / "child").exists() and (tmp_path / "child").read_text() != "")
    child = int((tmp_path / "child").read_text())
    assert ironic.running() and lives(child)
    ironic.stop()
    assert not ironic.running() and until(lambda: not lives(child))


def test_tables_are_made_once_and_anew_after_an_interruption(tmp_path: Path, programs: Callable[..., None]) -> None:
    programs(ironic_dbsync=f'echo "$3" >> {tmp_path}/verbs; exit 1', ironic="exit 0")
    broken = ironic_in(tmp_path)
    broken.prepare()
    with pytest.raises(RuntimeError, match="ironic-dbsync ended with 1"):
        broken.start(threading.Event())
    (tmp_path / "ironic.sqlite").write_text("half of the tables")
    programs(ironic_dbsync=f'echo "$3" >> {tmp_path}/verbs; test ! -e {tmp_path}/ironic.sqlite')
    for _ in range(2):
        ironic = ironic_in(tmp_path)
        ironic.prepare()
        assert ironic.start(threading.Event())
        ironic.stop()
    assert (tmp_path / "verbs").read_text().split() == ["create_schema", "create_schema"]


def test_interrupted_while_tables_are_made(tmp_path: Path, programs: Callable[..., None]) -> None:
    programs(ironic_dbsync="exec sleep 60", ironic="exit 0")
    ironic, stopped = ironic_in(tmp_path), threading.Event()
    stopped.set()
    ironic.prepare()
    assert not ironic.start(stopped)
    ironic.stop()
    assert not ironic.running() and not (tmp_path / "prepared-for").exists()


@pytest.mark.parametrize(
    ("sent", "left", "seen"), [("/a%2Fb", "/a%2Fb", "/a/b"), ("/a%252Fb", "/a%2Fb", "/a%2Fb"), ("/a?b=%2F", "/a", "/a")]
)
def test_an_escaped_slash_is_a_slash_as_behind_any_other_server(sent: str, left: str, seen: str) -> None:
    found: list[str] = []
    application = embedded_service.decoded(lambda environ, start_response: found.append(environ["PATH_INFO"]))
    application({"REQUEST_URI": sent, "PATH_INFO": left}, None)
    assert found == [seen]
