# SPDX-License-Identifier: Apache-2.0
"""The watcher: one process has the duty, a notified one looks anyway, and notifications do not keep the full listing away."""

from baremetal_svc.db import models
from tests.fixtures.service import Service


def test_only_the_holder_of_the_duty_looks_unless_it_was_notified(service: Service) -> None:
    service.world.add_nodes(1)
    first, second = service.conductor.watcher, service.new_conductor("second").watcher
    assert first.look()
    assert not second.look()
    assert second.look(hinted=True)


def test_a_full_listing_comes_though_notifications_do_not_end(service: Service) -> None:
    service.world.add_nodes(1)
    assert service.conductor.watcher.look(hinted=True)
    assert [len(row["ports"]) for row in service.rows(models.Node)] == [2]
