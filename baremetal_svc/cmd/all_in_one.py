# SPDX-License-Identifier: Apache-2.0
"""API, conductor and watcher in one process on SQLite, with a real Ironic on fake hardware as its child. Loopback only: nobody logs in."""

import argparse
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

from baremetal_svc.cmd import embedded_ironic
from baremetal_svc.cmd.embedded_ironic import EmbeddedIronic
from baremetal_svc.cmd.state_directory import StateDirectory

LOG = logging.getLogger(__name__)

_PORTS = range(1024, 32768)


def main() -> None:
    """Entry point of baremetal-svc-all-in-one."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: list[str]) -> int:
    """Serve until SIGTERM or SIGINT. 0: told to stop; 1: something broke; 2: refused, and nothing was started."""
    stopped = threading.Event()
    options = _parse(arguments)
    state = StateDirectory(options.state_dir)
    refusal = _refusal(options, state)
    if refusal is not None:
        print(f"baremetal-svc-all-in-one: {refusal}", file=sys.stderr)
        return 2
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    # Whatever proxy the environment names, Ironic is on this machine.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
    ironic = EmbeddedIronic(
        _made(state.path / "ironic"), options.ironic_port, power_delay=options.power_delay, deploy_delay=options.deploy_delay
    )
    try:
        ironic.prepare()
        # Beside what Ironic does at its start, our own imports cost no time.
        if not ironic.start(stopped):
            return 0
        return _serve(options, state, ironic, stopped)
    except (RuntimeError, FileNotFoundError) as error:
        print(f"baremetal-svc-all-in-one: {error}", file=sys.stderr)
        return 1
    finally:
        ironic.stop()


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="baremetal-svc-all-in-one", description="The whole service on this machine, for trying it out.")
    parser.add_argument("--state-dir", type=Path, required=True, help="databases, key, images file and logs; made when missing")
    parser.add_argument("--host", default=embedded_ironic.HOST, help="a loopback address; default %(default)s")
    parser.add_argument("--api-port", type=_port, default=18080, help="default %(default)s")
    parser.add_argument("--ironic-port", type=_port, default=16385, help="default %(default)s")
    parser.add_argument("--power-delay", type=int, default=0, help="whole seconds that fake hardware takes to change its power")
    parser.add_argument("--deploy-delay", type=int, default=0, help="whole seconds that each step of a fake deployment takes")
    return parser.parse_args(arguments)


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) not in _PORTS:
        raise argparse.ArgumentTypeError(f"a port is a number from {_PORTS[0]} to {_PORTS[-1]}, not {text!r}")
    return int(text)


def _refusal(options: argparse.Namespace, state: StateDirectory) -> str | None:
    """Why we do not start, if so: one sentence."""
    try:
        if not ipaddress.ip_address(options.host).is_loopback:
            return f"nobody logs in here, hence it listens on a loopback address only, not on {options.host}"
    except ValueError:
        return f"{options.host!r} is not an IP address"
    if options.api_port == options.ironic_port:
        return f"the API and Ironic cannot both have port {options.api_port}"
    for host, port, option in (
        (options.host, options.api_port, "--api-port"),
        (embedded_ironic.HOST, options.ironic_port, "--ironic-port"),
    ):
        if not _free(host, port):
            return f"port {port} is in use; choose another one with {option}"
    return None if state.hold() else f"another process uses {state.path}; stop it, or choose another directory with --state-dir"


def _free(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        # As servers do: connections that have ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def _made(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _serve(options: argparse.Namespace, state: StateDirectory, ironic: EmbeddedIronic, stopped: threading.Event) -> int:
    # Imported only now, after the refusals and beside Ironic's start: it costs two seconds.
    from baremetal_svc.cmd import embedded_service

    files = state.configuration(options.host, options.api_port, ironic.url)
    service = embedded_service.EmbeddedService([str(file) for file in files], options.host, options.api_port)
    try:
        service.start()
        LOG.info("Serving on %s port %s, Ironic on %s", options.host, options.api_port, ironic.url)
        return _watch(service, ironic, stopped)
    finally:
        service.stop()


def _watch(service: Any, ironic: EmbeddedIronic, stopped: threading.Event) -> int:
    """Until told to stop, or a part has ended by itself."""
    while not stopped.wait(0.5):
        if not ironic.running():
            LOG.error("Ironic has ended, see %s", ironic.log)
            return 1
        if not service.running():
            LOG.error("The API has ended")
            return 1
    return 0


if __name__ == "__main__":
    main()
