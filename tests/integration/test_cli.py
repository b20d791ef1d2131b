# SPDX-License-Identifier: Apache-2.0
"""The commands that devstack/local/up prints, as a user would paste them."""

import json
import subprocess
import uuid

import pytest

from devstack.local import layout, services
from tests.fixtures.cluster import Cluster, wait_for

GONE = "0" * 32
NAME = f"first-{uuid.uuid4().hex[:6]}"


def openstack(*words: str, cloud: str = "demo", status: int = 0) -> str:
    """What a command prints; its errors when it fails as expected."""
    environment = Cluster.environment(OS_CLIENT_CONFIG_FILE=str(layout.CLOUDS))
    command = [str(layout.BIN / "openstack"), "--os-cloud", cloud, *words]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout if status == 0 else done.stderr


@pytest.fixture(scope="module", autouse=True)
def cloud() -> None:
    services.up("bms")
    nodes = services.client("bms")
    wait_for("a machine", lambda: any(node["offered"] and node["resource_class"] == "metal" for node in nodes.get("/nodes")["nodes"]), 60)


def test_a_server_by_names() -> None:
    made = openstack("bms", "server", "create", "--flavor", "metal", "--image", "tiny", "--network", "tenant", "--wait", NAME, "-f", "json")
    assert json.loads(made)["status"] == "active"
    assert NAME in openstack("bms", "server", "list", "-f", "value", "-c", "Name")
    openstack("bms", "server", "delete", "--wait", NAME)
    assert NAME not in openstack("bms", "server", "list", "-f", "value", "-c", "Name")


def test_projects_are_named_by_name_or_id() -> None:
    [project] = services.client("keystone").get("/projects?name=other")["projects"]
    try:
        openstack("bms", "quota", "set", "other", "servers=7", cloud="admin")
        assert services.client("bms").get(f"/quotas/{project['id']}")["quotas"]["servers"]["limit"] == 7
        assert " 7 " in openstack("bms", "quota", "show", project["id"], cloud="admin")
        # A project that is gone in Keystone: what it has left can be seen and taken away, by its id.
        assert "servers" in openstack("bms", "quota", "show", GONE, cloud="admin")
        assert "There is no project" in openstack("bms", "quota", "set", GONE, "servers=7", cloud="admin", status=1)
        assert "There is no project 'nosuch'" in openstack("bms", "quota", "set", "nosuch", "servers=7", cloud="admin", status=1)
    finally:
        openstack("bms", "quota", "reset", "other", cloud="admin")


def test_what_cannot_be_had_is_said() -> None:
    for change, told in (("--image=nosuch", "There is no image 'nosuch'"), ("--network=nosuch", "There is no network 'nosuch'")):
        words = ["--flavor=metal", "--image=tiny", "--network=tenant"]
        asked = [word for word in words if word.partition("=")[0] != change.partition("=")[0]]
        assert told in openstack("bms", "server", "create", NAME, *asked, change, status=1)
