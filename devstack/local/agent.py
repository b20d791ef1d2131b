# SPDX-License-Identifier: Apache-2.0
"""A fake ironic-python-agent for all nodes at once: looks up, heartbeats, and answers every command with success.

Serves 1 MiB of zeros at /img* too, for kernel, ramdisk and image. Run it as `python -m devstack.local.agent`.
"""

import itertools
import json
import threading
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import quote, urlsplit

from devstack.local import layout
from devstack.local.rest import Rest, RestError

_IMAGE = bytes(1 << 20)
_WAITING = ("wait call-back", "clean wait")
_IRONIC = Rest(layout.URLS["ironic"] + "/v1", **{"X-OpenStack-Ironic-API-Version": "1.68", "User-Agent": "fakeagent"})
_COMMANDS: dict[str, list[dict[str, Any]]] = defaultdict(list)
_TOKENS: dict[str, str] = {}
_NUMBERS = itertools.count(1)


def result_of(name: str, params: dict[str, Any]) -> dict[str, Any]:
    """What the agent answers to a command: one harmless step, or success."""
    if "get_" in name and name.endswith("_steps"):
        step = {"step": "fake_noop", "priority": 0, "interface": "deploy", "reboot_requested": False, "abortable": True}
        hardware = {"generic_hardware_manager": "1.2"}
        return {name.split("get_")[1]: {"GenericHardwareManager": [step]}, "hardware_manager_version": hardware}
    if "execute_" in name:
        kind = name.split("execute_")[1].removesuffix("_step")
        return {f"{kind}_result": None, f"{kind}_step": params.get("step")}
    if name.endswith("get_partition_uuids"):
        return {"partitions": {}, "root uuid": None}
    return {"result": "ok"}


class Agent(BaseHTTPRequestHandler):
    """The agent's own API; the first part of the path is the node."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *args: object) -> None:
        """Be silent: commands are logged where they are answered."""

    def reply(self, body: bytes, status: int = 200, kind: str = "application/json") -> None:
        """Send one answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        """Images, the list of commands and one command."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        if parts[0].startswith("img"):
            return self.reply(_IMAGE, kind="application/octet-stream")
        if parts[-1] == "commands":
            return self.reply(json.dumps({"commands": _COMMANDS[parts[0]]}).encode())
        found = [command for command in _COMMANDS[parts[0]] if command["id"] == parts[-1]]
        return self.reply(json.dumps(found[0] if found else {}).encode(), 200 if found else 404)

    do_HEAD = do_GET

    def do_POST(self) -> None:
        """A command: done at once."""
        node = self.path.strip("/").split("/")[0]
        request = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        name, params = request["name"], request.get("params", {})
        done = {
            "id": str(next(_NUMBERS)),
            "command_name": name.split(".")[-1],
            "command_params": params,
            "command_status": "SUCCEEDED",
            "command_error": None,
            "command_result": result_of(name, params),
        }
        _COMMANDS[node].append(done)
        print("command", node, name, flush=True)
        self.reply(json.dumps(done).encode())


def beat(node: str) -> None:
    """One heartbeat. Only the first lookup hands out the token: never two at once for one node."""
    try:
        if node not in _TOKENS:
            _COMMANDS.pop(node, None)
            _TOKENS[node] = _IRONIC.get(f"/lookup?node_uuid={node}&addresses=")["config"].get("agent_token")
        address = f"{layout.URLS['fakeagent']}/{node}"
        _IRONIC.post(f"/heartbeat/{node}", {"callback_url": address, "agent_version": "11.0.0", "agent_token": _TOKENS[node]})
    except (RestError, OSError) as error:
        print("heartbeat", node, error, flush=True)
        if isinstance(error, RestError) and error.status in (400, 401, 404):  # another boot than the token's
            _TOKENS.pop(node, None)


def waiting_nodes() -> set[str]:
    """The nodes that wait for their agent."""
    found = set()
    for state in _WAITING:
        found |= {node["uuid"] for node in _IRONIC.get(f"/nodes?fields=uuid&provision_state={quote(state)}")["nodes"]}
    return found


def watch() -> None:
    """Heartbeat for whoever waits, for ever."""
    with ThreadPoolExecutor(8) as pool:
        while True:
            try:
                nodes = waiting_nodes()
            except (RestError, OSError) as error:
                print("nodes", error, flush=True)
            else:
                list(pool.map(beat, nodes))
                forget(set(_TOKENS) - nodes)
            time.sleep(0.5)


def forget(nodes: set[str]) -> None:
    """Drop the tokens of nodes that ended: their next boot is another agent."""
    for node in nodes:
        if finished(node):
            _TOKENS.pop(node, None)


def finished(node: str) -> bool:
    """Has the node left deployment and cleaning, or gone?"""
    try:
        return _IRONIC.get(f"/nodes/{node}?fields=provision_state")["provision_state"] not in (*_WAITING, "deploying", "cleaning")
    except RestError as error:
        return error.status == 404
    except OSError:
        return False


def main() -> None:
    """Serve until killed."""
    threading.Thread(target=watch, daemon=True).start()
    ThreadingHTTPServer((layout.HOST, layout.PORTS["fakeagent"]), Agent).serve_forever()


if __name__ == "__main__":
    main()
