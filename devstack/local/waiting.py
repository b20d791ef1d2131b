# SPDX-License-Identifier: Apache-2.0
"""Wait for a condition with a deadline; never a fixed sleep."""

import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def until(condition: Callable[[], object], seconds: float, pause: float = 0.05) -> bool:
    """Ask again and again; True as soon as the condition holds, False after `seconds`."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
    return True


def port_open(port: int) -> bool:
    """Does anything accept connections there?"""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def http_answers(url: str) -> bool:
    """Is there any answer of HTTP below 500?"""
    try:
        with _DIRECT.open(url, timeout=10):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, http.client.HTTPException):
        return False


def ready(name: str, condition: Callable[[], object], seconds: float, alive: Callable[[], object]) -> None:
    """Wait until a service answers.

    :raises TimeoutError: it does not within `seconds`.
    :raises RuntimeError: its process ended.
    """

    def answered_or_dead() -> bool:
        return bool(condition()) or not alive()

    if not until(answered_or_dead, seconds):
        raise TimeoutError(f"{name} does not answer after {seconds:.0f} s")
    if not alive():
        raise RuntimeError(f"{name} ended at its start")
