# SPDX-License-Identifier: Apache-2.0
"""The contract of the protocol Limits: the simulated world, and Keystone through oslo.limit."""

import os
import uuid
from collections.abc import Iterator
from typing import Protocol

import pytest
from keystoneauth1 import loading
from oslo_config import cfg
from oslo_limit import limit

from baremetal_svc.domain.errors import Unavailable
from baremetal_svc.gateways import protocols
from baremetal_svc.gateways.limits import UnifiedLimits
from baremetal_svc.gateways.simulated import SimulatedLimits, World

KINDS = ["simulated", *(["real"] if os.environ.get("BAREMETAL_SVC_REAL") == "1" else [])]
CREDENTIALS = loading.get_auth_plugin_conf_options("password")
#: Nobody listens there.
NOBODY = "http://127.0.0.1:9/v3"


class Outside(Protocol):
    """The gateway, and what an operator does."""

    limits: protocols.Limits

    def project(self) -> str:
        """Id of a project."""

    def register(self, resource: str, limit: int) -> object:
        """For every project."""

    def set(self, project_id: str, resource: str, limit: int) -> object:
        """For one."""


class Simulated:
    def __init__(self) -> None:
        self._world = World()
        self.limits = SimulatedLimits(self._world)

    def project(self) -> str:
        return "p"

    def register(self, resource: str, limit: int) -> None:
        self._world.registered_limits[resource] = limit

    def set(self, project_id: str, resource: str, limit: int) -> None:
        self._world.project_limits[project_id, resource] = limit

    def close(self) -> None:
        """Nothing to remove."""


class Real:
    def __init__(self) -> None:
        from tests.fixtures.limits import KeystoneLimits

        self._keystone = KeystoneLimits()
        configure(**self._keystone.options())
        self.limits = UnifiedLimits()

    def project(self) -> str:
        return self._keystone.project("demo")

    def register(self, resource: str, limit: int) -> None:
        self._keystone.register(resource, limit)

    def set(self, project_id: str, resource: str, limit: int) -> None:
        self._keystone.set(project_id, resource, limit)

    def close(self) -> None:
        self._keystone.close()


def configure(**options: object) -> None:
    """[oslo_limit] of the global configuration, which is what oslo.limit reads."""
    cfg.CONF([], project="baremetal_svc", default_config_files=[])
    cfg.CONF.register_opts(CREDENTIALS, "oslo_limit")
    for name, value in options.items():
        cfg.CONF.set_override(name, value, "oslo_limit")


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    limit._SDK_CONNECTION = None
    yield
    limit._SDK_CONNECTION = None
    for name in ("auth_type", "endpoint_id"):
        cfg.CONF.clear_override(name, "oslo_limit")
    cfg.CONF.reset()
    cfg.CONF.unregister_opts(CREDENTIALS, "oslo_limit")


@pytest.fixture(params=KINDS)
def outside(request: pytest.FixtureRequest) -> Iterator[Outside]:
    made = Simulated() if request.param == "simulated" else Real()
    try:
        yield made
    finally:
        made.close()


def test_a_projects_own_limit_goes_before_the_registered_one(outside: Outside) -> None:
    project = outside.project()
    flavor = f"flavor:{uuid.uuid4()}"
    assert dict(outside.limits.of_project(project)) == {}
    outside.register("servers", 10)
    outside.register("keypairs", -1)
    outside.register(flavor, 2)
    outside.set(project, "servers", 3)
    assert dict(outside.limits.of_project(project)) == {"servers": 3, "keypairs": -1, flavor: 2}
    # A change is seen at once.
    outside.set(project, flavor, 0)
    assert outside.limits.of_project(project)[flavor] == 0
    assert dict(outside.limits.of_project(uuid.uuid4().hex)) == {"servers": 10, "keypairs": -1, flavor: 2}


def test_keystone_away_is_unavailable() -> None:
    configure(
        auth_type="password", auth_url=NOBODY, username="u", password="p", user_domain_name="Default", system_scope="all", endpoint_id="e"
    )
    with pytest.raises(Unavailable, match="Keystone cannot be reached"):
        UnifiedLimits().of_project("p")


def test_without_credentials_it_is_unavailable_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    configure(auth_type=None)
    with pytest.raises(Unavailable, match="limits of projects cannot be read"):
        UnifiedLimits().of_project("p")
    assert "Unified limits cannot be read" in caplog.text
