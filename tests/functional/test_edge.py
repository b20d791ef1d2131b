# SPDX-License-Identifier: Apache-2.0
"""What goes for every route."""

from tests.fixtures.service import ADMIN, FOREIGN, READER, Service


def test_a_project_that_asks_too_often_waits_and_others_do_not(service: Service) -> None:
    service.configure(rate_limit=0.001, rate_burst=2)
    assert [service.call("GET", "/v1/servers", token=token).status for token in (READER, "dave:red", READER)] == [200, 200, 429]
    refused = service.call("POST", "/v1/servers", {"server": {}}, token=READER)
    assert (refused.status, refused.headers["retry-after"], refused.json["errors"][0]["code"]) == (429, "1000", "rate_limited")
    assert service.call("GET", "/v1/servers", token=FOREIGN).status == 200
    assert service.call("GET", "/v1/servers", token=ADMIN).status == 200


def test_who_sends_no_token_is_not_limited(service: Service) -> None:
    """Load balancers and clients that look for versions."""
    service.configure(rate_limit=0.001, rate_burst=1, auth_strategy="keystone")
    assert [service.call("GET", path, token="").status for path in ("/", "/v1", "/healthcheck") * 2] == [200] * 6
