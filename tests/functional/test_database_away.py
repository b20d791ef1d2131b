# SPDX-License-Identifier: Apache-2.0
"""What users see while the database is away."""

from tests.fixtures.service import Service


def test_a_database_that_cannot_be_opened_was_answered_500(service: Service) -> None:
    """oslo.db has an error of its own for a database that is not there; it means: try again."""
    with service.without_database():
        reply = service.call("GET", "/v1/servers")
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert service.call("GET", "/healthcheck").status == 503
    assert service.call("GET", "/v1/servers").status == 200
