# SPDX-License-Identifier: Apache-2.0
"""A service that is served, and the openstack shell as a user has it."""

import logging
import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from tests.fixtures.served import Carrier, http
from tests.fixtures.service import MEMBER, Service


@dataclass
class Said:
    """What a command left."""

    code: int
    out: str
    err: str


@dataclass
class Client:
    """A served service; call it with the words of a command."""

    service: Service
    url: str
    carrier: Carrier
    run: Callable[..., Said]

    def __call__(self, *words: str, token: str = MEMBER, endpoint: str = "") -> Said:
        return self.run(*self.options(token, endpoint), *words)

    def options(self, token: str = MEMBER, endpoint: str = "") -> list[str]:
        """How the shell logs in without a Keystone."""
        return ["--os-auth-type", "admin_token", "--os-endpoint", endpoint or f"{self.url}/v1", "--os-token", token]


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Said]]:
    """openstackclient's own entry point in this process; what it does to logging is undone."""
    from openstackclient import shell as openstackclient
    from osc_lib.clientmanager import ClientManager

    for name in [name for name in os.environ if name.startswith("OS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", "/nonexistent/clouds.yaml")
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level

    def run(*words: str) -> Said:
        capsys.readouterr()
        with warnings.catch_warnings():
            code = openstackclient.main(list(words))
        # Made for one command a process: it keeps the first client that it made, with its address and token.
        vars(ClientManager)["bms"]._handle = None
        return Said(code, *capsys.readouterr())

    yield run
    root.handlers[:], root.level = handlers, level


@pytest.fixture
def client(service: Service, shell: Callable[..., Said]) -> Iterator[Client]:
    """Three machines, a flavor called gold, an image and a network (``service.network``, ``service.image``)."""
    service.body = service.prepared()["server"]  # type: ignore[attr-defined]
    carrier = Carrier(service)
    with http(service) as url:
        carrier.start()
        yield Client(service, url, carrier, shell)
        carrier.stop()
