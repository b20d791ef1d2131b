# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy in front of a service: it cuts connections, and keeps requests to deliver them when nobody waits for them any more."""

import contextlib
import json
import random
import re
import socket
import threading
import time
from dataclasses import dataclass

from devstack.local import layout

#: Seconds after which a kept request is delivered, at most.
LATEST = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_HOP = re.compile(rb"\r\n(connection|keep-alive): [^\r]*", re.IGNORECASE)


@dataclass(frozen=True)
class Change:
    """A request that is no GET, once answered: the target of a PUT, the instance_uuid of a PATCH; ``late``: seconds that it was kept."""

    at: float
    method: str
    path: str
    target: str | None
    server: str | None
    status: int
    late: float = 0.0


class Proxy:
    """Listens on a port of its own. ``odds``: how often a request that changes something is kept, and how often an answer is lost."""

    def __init__(self, upstream: int, seed: int, *, kept: float = 0.02, lost: float = 0.02, cut: float = 0.02) -> None:
        self._upstream = (layout.HOST, upstream)
        self._odds = (kept, lost, cut)
        self._dice = random.Random(f"{seed}/proxy/{upstream}")
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.changes: list[Change] = []
        self.lost = self.cut = 0
        self._listener = socket.create_server((layout.HOST, 0), backlog=256)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{layout.HOST}:{self.port}"

    def settle(self) -> None:
        """Break nothing from now on, and wait until what was kept has been delivered."""
        self._odds = (0.0, 0.0, 0.0)
        for thread in list(self._threads):
            thread.join()

    def close(self) -> None:
        self._stopped.set()
        self._listener.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            client.settimeout(30)
            request = _message(client)
            if not request:
                return
            fate = self._fate(request)
            if fate == "cut":
                self.cut += 1
            elif fate == "kept":
                self._keep(client, request)
            else:
                answer = self._deliver(request)
                if fate == "lost":
                    self.lost += 1
                else:
                    client.sendall(answer)

    def _fate(self, request: bytes) -> str:
        kept, lost, cut = self._odds
        with self._lock:
            drawn = self._dice.random()
        if request.startswith(b"GET "):
            kept = 0.0
        return "kept" if drawn < kept else "lost" if drawn < kept + lost else "cut" if drawn < kept + lost + cut else "passed"

    def _keep(self, client: socket.socket, request: bytes) -> None:
        """Half of the clients see the connection cut, the others wait for their time limit."""
        with self._lock:
            late, waits = self._dice.uniform(1, LATEST), self._dice.random() < 0.5
        thread = threading.Thread(target=self._deliver_late, args=(request, late), daemon=True)
        self._threads.append(thread)
        thread.start()
        if waits:
            with contextlib.suppress(OSError):
                client.recv(1)

    def _deliver_late(self, request: bytes, late: float) -> None:
        # An interruptible pause that nothing interrupts: the point of it is the time.
        threading.Event().wait(late)
        with contextlib.suppress(OSError):
            self._deliver(request, late)

    def _deliver(self, request: bytes, late: float = 0.0) -> bytes:
        with socket.create_connection(self._upstream, timeout=30) as upstream:
            upstream.sendall(_closing(request))
            chunks = []
            while chunk := upstream.recv(65536):
                chunks.append(chunk)
        answer = b"".join(chunks)
        self._note(request, answer, late)
        return _closing(answer)

    def _note(self, request: bytes, answer: bytes, late: float) -> None:
        method, path, _ = request.split(b"\r\n", 1)[0].decode().split(" ", 2)
        if method == "GET" or not answer.startswith(b"HTTP/"):
            return
        body = None
        with contextlib.suppress(ValueError):
            body = json.loads(request.partition(b"\r\n\r\n")[2] or b"null")
        target = body.get("target") if isinstance(body, dict) else None
        server = next((edit["value"] for edit in body if _binds(edit)), None) if isinstance(body, list) else None
        with self._lock:
            self.changes.append(Change(time.time(), method, path, target, server, int(answer.split(b" ", 2)[1]), late))


def _binds(edit: dict[str, object]) -> bool:
    return edit.get("path") == "/instance_uuid" and edit.get("op") in ("add", "replace")


def _message(client: socket.socket) -> bytes:
    """One whole request; empty when the client went away."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = client.recv(65536)
        if not chunk:
            return b""
        data += chunk
    head, _, body = data.partition(b"\r\n\r\n")
    found = _LENGTH.search(head)
    missing = (int(found[1]) if found else 0) - len(body)
    while missing > 0:
        chunk = client.recv(65536)
        if not chunk:
            return b""
        data += chunk
        missing -= len(chunk)
    return data


def _closing(message: bytes) -> bytes:
    """The same, for a connection that carries nothing else."""
    head, blank, body = message.partition(b"\r\n\r\n")
    return _HOP.sub(b"", head) + (b"\r\nConnection: close" if blank else b"") + blank + body
