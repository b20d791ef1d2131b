# SPDX-License-Identifier: Apache-2.0
"""The predicates stand twice, in Python for offers and in SQL for the explanation: they must say the same of every node."""

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from baremetal_svc.db import faults, models, nodes
from baremetal_svc.db.conditions import CONDITIONS
from baremetal_svc.domain.scheduling import PREDICATES
from baremetal_svc.scheduler import offers
from tests.fixtures.drifting import change
from tests.fixtures.service import Service

NODE = models.Node.__table__.c
COLUMNS = st.fixed_dictionaries(
    {
        "gone": st.booleans(),
        "resource_class": st.sampled_from([None, "baremetal"]),
        "retired": st.booleans(),
        "maintenance": st.booleans(),
        "instance_id": st.sampled_from([None, "another-s"]),
        "provision_state": st.sampled_from(["available", "active", "cleaning"]),
        "hold_until": st.sampled_from([0.0, 1.0, 4e9]),
    }
)


def test_each_predicate_has_its_condition() -> None:
    assert list(CONDITIONS) == [predicate.name for predicate in PREDICATES]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(columns=COLUMNS)
@pytest.mark.parametrize(("held", "faulty"), [(False, False), (True, False), (False, True)])
def test_python_and_sql_say_the_same_of_a_node(service: Service, columns: dict[str, object], held: bool, faulty: bool) -> None:
    if not service.rows(models.Node):
        service.prepared(1)
        if held:
            [node] = service.rows(models.Node)
            claim = {"id": "c", "node_id": node["id"], "server_id": "s", "project_id": "p", "state": "live", "generation": 1}
            with service.db.write() as conn:
                conn.execute(sa.insert(models.Claim.__table__).values(**claim, held_node=node["id"], live_server="s", created_at=1.0))
        if faulty:
            [node] = service.rows(models.Node)
            with service.db.write() as conn:
                faults.record(conn, kind="node", target_id=node["id"], operation_id=None, code="x", message="x")
    change(service, models.Node, sa.true(), **columns)
    with service.db.read() as conn:
        [facts] = offers.seen(conn, [service.rows(models.Node)[0]["id"]]).facts.values()
        now = nodes.database_time(conn)
        for predicate in PREDICATES:
            in_sql = conn.execute(sa.select(NODE.id).where(CONDITIONS[predicate.name])).first() is not None
            assert in_sql == predicate.holds(facts, now), predicate.name
