# SPDX-License-Identifier: Apache-2.0
"""The processes as an operator meets them: a real conductor serves metrics and reports on itself, the API beside other threads too."""

import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc.db import migration
from baremetal_svc.wsgi import meditation
from tests.functional.test_metrics import free_port

CONDUCTOR = "from baremetal_svc.cmd.conductor import main; main()"
MANAGE = "import sys; from baremetal_svc.cmd.manage import main; sys.exit(main())"
API = """
import os, signal, sys, urllib.request
from baremetal_svc.wsgi import api
environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/v1", "SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http",
           "wsgi.input": sys.stdin.buffer, "wsgi.errors": sys.stderr, "SERVER_PROTOCOL": "HTTP/1.1"}
list(api.application(environ, lambda *_: None))
print(urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/metrics", timeout=10).read().decode())
os.kill(os.getpid(), signal.SIGUSR2)
"""


def until(condition: Callable[[], bool], seconds: float = 30) -> bool:
    end, pause = time.monotonic() + seconds, threading.Event()
    while not condition() and time.monotonic() < end:
        pause.wait(0.1)
    return condition()


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return b"baremetal_svc_database_up 1.0" in answer.read()
    except (urllib.error.URLError, OSError):
        return False


def children(pid: int) -> list[int]:
    """Of all its threads: oslo.service forks the worker from one of them."""
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, dict[str, str]]:
    images = tmp_path / "images.yaml"
    images.write_text("images: []\n")
    return {
        "DEFAULT": {"transport_url": "fake://"},
        "database": {"connection": f"sqlite:///{tmp_path}/service.sqlite"},
        "secrets": {"fernet_key": Fernet.generate_key().decode()},
        "images": {"file": str(images)},
        "ironic": {"auth_type": "none", "endpoint_override": "http://127.0.0.1:1"},
        "neutron": {"mode": "flat"},
        "metrics": {"port": str(free_port()), "api_port": str(free_port())},
    }


def written(path: Path, settings: dict[str, dict[str, str]]) -> Path:
    sections = (f"[{name}]\n" + "".join(f"{key} = {value}\n" for key, value in options.items()) for name, options in settings.items())
    path.write_text("".join(sections))
    return path


@pytest.fixture
def file(tmp_path: Path, settings: dict[str, dict[str, str]]) -> Path:
    """The settings as a file."""
    return written(tmp_path / "service.conf", settings)


@pytest.fixture
def conductor(tmp_path: Path, settings: dict[str, dict[str, str]], file: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A conductor on SQLite; Ironic is away."""
    migration.sync(settings["database"]["connection"])
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen([sys.executable, "-c", CONDUCTOR, "--config-file", str(file)], stdout=log, stderr=log)
    yield process
    process.terminate()
    try:
        process.wait(20)
    finally:
        process.kill()
        process.wait()


def test_a_conductor_serves_metrics_and_reports_without_its_secrets(
    tmp_path: Path, settings: dict[str, dict[str, str]], conductor: subprocess.Popen[bytes]
) -> None:
    log = tmp_path / "log"
    assert until(lambda: answers(int(settings["metrics"]["port"]))), log.read_text()
    [worker] = children(conductor.pid)
    os.kill(worker, signal.SIGUSR2)
    assert until(lambda: "Configuration" in log.read_text() and "fernet_key" in log.read_text()), log.read_text()
    report = log.read_text()
    assert "Guru Meditation" in report and "in _take_all" in report
    assert settings["secrets"]["fernet_key"] not in report
    assert conductor.poll() is None, "it lives on"


def test_a_conductor_that_never_reached_the_bus_stops_as_fast_as_any(tmp_path: Path, settings: dict[str, dict[str, str]]) -> None:
    """It waited for the bus for a minute before it handed anything over, and was killed in the middle of that."""
    settings["DEFAULT"]["transport_url"] = f"rabbit://nobody:secret@127.0.0.1:{free_port()}/"
    migration.sync(settings["database"]["connection"])
    command = [sys.executable, "-c", CONDUCTOR, "--config-file", str(written(tmp_path / "service.conf", settings))]
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        assert until(lambda: answers(int(settings["metrics"]["port"])) and "Connection refused" in (tmp_path / "log").read_text())
        process.terminate()
        assert process.wait(25) == 0, (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("section", "option", "value", "told"),
    [
        ("database", "connection", "", "[database] connection is not set"),
        ("database", "connection", "foo", "[database] connection cannot be used"),
        ("database", "connection", "mysql+mysqlconnector://u:secret@h/d", "mysql+pymysql://"),
        ("images", "file", "/nonexistent.yaml", "/nonexistent.yaml"),
        ("DEFAULT", "transport_url", "rabit://u:secret@h", "transport_url cannot be used"),
        ("api", "max_limit", "-5", "max_limit"),
        ("secrets", "fernet_key", "x", "fernet_key"),
    ],
)
def test_a_conductor_that_cannot_be_built_says_so_and_ends(
    tmp_path: Path, settings: dict[str, dict[str, str]], section: str, option: str, value: str, told: str
) -> None:
    settings.setdefault(section, {})[option] = value
    command = [sys.executable, "-W", "ignore", "-c", CONDUCTOR, "--config-file", str(written(tmp_path / "service.conf", settings))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    last = done.stderr.strip().splitlines()[-1]
    assert (done.returncode, last.startswith("The configuration cannot be used: "), told in last) == (1, True, True), done.stderr
    assert "Traceback" not in done.stderr and "secret@" not in done.stderr


@pytest.mark.parametrize("text", [None, "[database\nconnection = x\n"])
@pytest.mark.parametrize(("program", "status"), [([CONDUCTOR], 1), ([MANAGE, "db", "sync"], 1), ([MANAGE, "doctor"], 2)])
def test_a_configuration_file_that_cannot_be_read_is_one_line(tmp_path: Path, text: str | None, program: list[str], status: int) -> None:
    path = tmp_path / "its.conf"
    if text is not None:
        path.write_text(text)
    command = [sys.executable, "-W", "ignore", "-c", program[0], "--config-file", str(path), *program[1:]]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, "Traceback" in done.stderr, str(path) in done.stderr) == (status, False, True), done.stderr


def test_an_api_process_serves_metrics_and_reports_without_its_secrets(settings: dict[str, dict[str, str]], file: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", API, settings["metrics"]["api_port"]],
        env={**os.environ, "OS_BAREMETAL_SVC_CONFIG_FILES": str(file)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'baremetal_svc_http_requests_total{method="GET",route="/v1",status="200"} 1.0' in done.stdout
    assert "Guru Meditation" in done.stderr
    assert settings["secrets"]["fernet_key"] not in done.stderr


def test_a_report_is_armed_where_signals_cannot_be_had(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    conf = configuration.register(cfg.ConfigOpts())
    conf([], project="baremetal_svc", default_config_files=[])
    before = signal.getsignal(signal.SIGUSR2)
    arming = threading.Thread(target=meditation.arm, args=(conf, "baremetal-svc-api"))
    arming.start()
    arming.join()
    assert signal.getsignal(signal.SIGUSR2) is before
    assert "Traceback" not in capfd.readouterr().err


def test_a_file_that_is_missing_is_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    conf = configuration.register(cfg.ConfigOpts())
    conf([], project="baremetal_svc", default_config_files=[])
    meditation.opts.set_defaults(conf)
    conf.set_override("file_event_handler", str(tmp_path / "none"), "oslo_reports")
    meditation.arm(conf, "baremetal-svc-api")
    assert "There will be no Guru Meditation Report" in caplog.text
