# SPDX-License-Identifier: Apache-2.0
"""The devstack plugin, phase by phase: with functions of our own where devstack's would stand, and the real services behind them."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from devstack.local import layout, services
from devstack.local.rest import Rest
from tests.fixtures.cluster import machines, wait_for

PLUGIN = layout.CHECKOUT / "devstack"
FUNCTIONS = layout.CHECKOUT / "tests" / "fixtures" / "devstack.sh"
HOST = f"{layout.HOST}:{layout.PORTS['bms'] + 7}"
URL = f"http://{HOST}/baremetal_compute"
CLASS = "plugin"
Phase = Callable[..., None]


@pytest.fixture
def phase(tmp_path: Path) -> Phase:
    """Sources settings and plugin.sh as stack.sh does, with the words of a phase."""
    services.up("mariadb", "rabbitmq", "memcached", "keystone", "neutron", "ironic")
    (tmp_path / "baremetal-svc").symlink_to(layout.CHECKOUT)
    environment = {
        **os.environ,
        "PATH": f"{layout.BIN}:{os.environ['PATH']}",
        "DEST": str(tmp_path),
        "BMS_CONF_DIR": str(tmp_path / "etc"),
        "BMS_DATABASE": "bms_plugin",
        "CALLS": str(tmp_path / "calls"),
        "RUN": str(tmp_path),
        "STACK_USER": "root",
        "SERVICE_HOST": HOST,
        "SERVICE_PROTOCOL": "http",
        "SERVICE_TIMEOUT": "60",
        "SERVICE_PASSWORD": layout.PASSWORD,
        "SERVICE_DOMAIN_NAME": "Default",
        "SERVICE_PROJECT_NAME": "service",
        "REGION_NAME": layout.REGION,
        "KEYSTONE_SERVICE_URI": layout.URLS["keystone"],
        "MEMCACHED": f"{layout.HOST}:{layout.PORTS['memcached']}",
        "TRANSPORT_URL": services.create_vhost("bms_plugin"),
        "ENABLE_DEBUG_LOG_LEVEL": "False",
        "API_WORKERS": "1",
        "PYTHONWARNINGS": "ignore",
    }

    def run(*words: str) -> None:
        script = f'set -e; source "{FUNCTIONS}"; source "{PLUGIN}/settings"; source "{PLUGIN}/plugin.sh" "$@"'
        log = tmp_path / f"{'-'.join(words)}.log"
        with log.open("wb") as output:
            command = ["bash", "-c", script, "stack.sh", *words]
            done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
        assert done.returncode == 0, log.read_text()

    return run


def test_the_plugin_installs_configures_starts_stops_and_cleans(phase: Phase, tmp_path: Path) -> None:
    with machines(CLASS, 1):
        try:
            for words in (("stack", "install"), ("stack", "post-config"), ("stack", "extra"), ("stack", "test-config")):
                phase(*words)
            _check_what_runs(tmp_path)
        finally:
            phase("unstack")
    assert list(tmp_path.glob("*.pid")) == []
    with pytest.raises(OSError, match="refused"):
        Rest(URL).get("/healthcheck")
    phase("clean")
    assert not (tmp_path / "etc").exists()


def _check_what_runs(directory: Path) -> None:
    assert Rest(URL).get("/healthcheck")["status"] == "ok"
    [version] = Rest(URL).get("/")["versions"]
    assert version["links"][0]["href"].startswith(f"{URL}/v1")
    latest = {"OpenStack-API-Version": "baremetal_compute latest"}
    demo, admin = (Rest(f"{URL}/v1", **latest, **{"X-Auth-Token": services.token(name, name)}) for name in ("demo", "admin"))
    assert demo.get("/servers") == {"servers": []}
    # The conductor has asked Ironic as the service user.
    wait_for("the conductor's first look", lambda: CLASS in str(admin.get("/nodes")), 60)
    calls = (directory / "calls").read_text().splitlines()
    assert "create_service_user baremetal_svc admin" in calls
    assert f"get_or_create_endpoint baremetal_compute {layout.REGION} {URL}/v1" in calls
    assert (directory / "etc" / "images.yaml").read_text() == "images: []\n"
