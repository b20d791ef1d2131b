# SPDX-License-Identifier: Apache-2.0
"""Limits in the real Keystone decide what the API creates; nothing needs a conductor or a machine."""

from collections.abc import Iterator
from typing import Any

import pytest

from devstack.local import services
from tests.fixtures.cluster import IMAGE, Cluster
from tests.fixtures.limits import KeystoneLimits

VERSION = {"OpenStack-API-Version": "baremetal_compute 1.3"}


@pytest.fixture(scope="module")
def keystone() -> Iterator[KeystoneLimits]:
    made = KeystoneLimits()
    try:
        made.register("servers", 2)
        made.register("server_groups", 1)
        made.register("keypairs", -1)
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def cluster(keystone: KeystoneLimits, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    options = {f"oslo_limit.{name}": value for name, value in keystone.options().items()}
    made = Cluster(tmp_path_factory.mktemp("cluster"), options={"quotas.driver": "unified", **options})
    try:
        made.start("api-0")
        made.wait_until_up()
        yield made
    finally:
        made.close()


def _limits(cluster: Cluster) -> dict[str, Any]:
    status, _, reply = cluster.request("GET", "/v1/limits", headers=VERSION)
    assert status == 200, reply
    return {name: (use["limit"], use["usage"]) for name, use in reply["limits"].items() if not name.startswith("flavor:")}


def _group(cluster: Cluster) -> tuple[int, Any]:
    status, _, reply = cluster.request("POST", "/v1/server_groups", {"name": "g", "policies": ["affinity"]}, headers=VERSION)
    return status, reply


def test_limits_and_usage_are_shown(cluster: Cluster) -> None:
    assert _limits(cluster) == {"servers": (2, 0), "server_groups": (1, 0), "keypairs": (-1, 0)}
    refused = cluster.request("PUT", "/v1/quotas/x", {"quotas": {}}, admin=True, headers=VERSION)
    assert refused[0] == 409


def test_a_batch_is_cut_to_what_fits_and_then_nothing_fits(cluster: Cluster, keystone: KeystoneLimits) -> None:
    flavor = cluster.flavor("limited")
    server = {"name": "s", "flavor_uuid": flavor, "image_uuid": IMAGE, "networks": [{"net_id": cluster.network()}], "max_count": 5}
    keystone.register(f"flavor:{flavor}", 1)
    assert cluster.request("POST", "/v1/servers", {"server": {**server, "min_count": 1}})[0] == 201
    assert _limits(cluster)["servers"] == (2, 1)
    status, _, reply = cluster.request("POST", "/v1/servers", {"server": server})
    assert (status, reply["errors"][0]["code"]) == (403, "over_quota")
    assert f"flavor:{flavor}, limit 1, in use 1" in reply["message"]


def test_an_operators_change_is_seen_at_once(cluster: Cluster, keystone: KeystoneLimits) -> None:
    assert _group(cluster)[0] == 201
    assert _group(cluster)[0] == 403
    own = keystone.set(keystone.project("demo"), "server_groups", 2)
    assert _group(cluster)[0] == 201
    assert _limits(cluster)["server_groups"] == (2, 2)
    keystone.remove(own)
    assert _limits(cluster)["server_groups"] == (1, 2)


def test_while_keystone_is_away_a_create_is_503(cluster: Cluster) -> None:
    # keystonemiddleware remembers the token, so that it is the limits which are missed.
    _limits(cluster)
    services.stop("keystone")
    try:
        status, headers, _ = cluster.request("POST", "/v1/server_groups", {"name": "g", "policies": ["affinity"]}, headers=VERSION)
        assert (status, headers["retry-after"]) == (503, "5")
    finally:
        services.up("keystone")
    assert _limits(cluster)["servers"][0] == 2
