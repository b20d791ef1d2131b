# SPDX-License-Identifier: Apache-2.0
"""What users see while the database is away, and what conductors do."""

import pytest

from baremetal_svc.db import models
from tests.fixtures.service import Service
from tests.functional.test_processes import until


def test_a_database_that_cannot_be_opened_was_answered_500(service: Service) -> None:
    """oslo.db has an error of its own for a database that is not there; it means: try again."""
    with service.without_database():
        reply = service.call("GET", "/v1/servers")
        assert (reply.status, reply.headers["retry-after"]) == (503, "5")
        assert service.call("GET", "/healthcheck").status == 503
    assert service.call("GET", "/v1/servers").status == 200


def test_the_threads_of_a_conductor_outlive_what_the_database_refuses(service: Service, caplog: pytest.LogCaptureFixture) -> None:
    """An error other than that of a database that is away ended the thread, and the conductor stood until it was started again."""
    body = service.prepared(1)
    for name in ("poll_interval", "listing_interval", "inventory_interval"):
        service.conf.set_override(name, 0.1, "conductor")
    conductor = service.new_conductor("conductor-2")
    conductor.start()
    try:
        with service.without_table("operations"):
            for what in ("The taking of operations", "The inventory"):
                assert until(lambda what=what: f"{what} waits" in caplog.text)
        assert service.call("POST", "/v1/servers", body).status == 201
        assert until(lambda: [row["status"] for row in service.rows(models.Server)] == ["active"])
    finally:
        conductor.stop()
