# SPDX-License-Identifier: Apache-2.0
"""Version documents as keystoneauth reads them, which all clients of OpenStack stand on."""

import pytest
from keystoneauth1 import discover, session, token_endpoint

from tests.fixtures.served import http
from tests.fixtures.service import Service


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/"])
def test_keystoneauth_finds_the_microversions(service: Service, path: str) -> None:
    """A flat "version": "1.2" in GET /v1 was taken for the version's object: "string indices must be integers"."""
    with http(service) as url:
        found = discover.Discover(session.Session(token_endpoint.Token(url, "a:b")), url + path).version_data()
    assert [(version["version"], version["min_microversion"]) for version in found] == [((1, 0), (1, 1))]
    assert found[0]["max_microversion"] >= (1, 2)
    assert found[0]["url"] == f"{url}/v1/"
