# SPDX-License-Identifier: Apache-2.0
"""The lease and the fence: a conductor that was stopped and wakes up changes nothing any more."""

import threading
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import assembly
from baremetal_svc.conductor import persistence
from baremetal_svc.conductor.claims import Claims
from baremetal_svc.conductor.interruptions import LeaseLost
from baremetal_svc.conductor.run import Run
from baremetal_svc.db import models
from baremetal_svc.domain.errors import OutsideRefused
from tests.fixtures import properties
from tests.fixtures.service import Service


def _steps(service: Service) -> list[tuple[str, str, int]]:
    return [(row["name"], row["state"], row["attempts"]) for row in service.rows(models.Step)]


def test_a_stopped_conductor_that_wakes_up_in_execute_is_refused(service: Service) -> None:
    """It is stopped after its side effect; another one takes over and ends the operation; then it goes on: its save is refused."""
    server = properties.create(service)
    stopped, go_on = threading.Event(), threading.Event()

    def stop(name: str, task: Any) -> None:
        once = task.execute

        def execute(**kwargs: Any) -> Any:
            result = once(**kwargs)
            stopped.set()
            assert go_on.wait(30)
            return result

        if name == "create-port-0":
            task.execute = execute

    sleeper = properties.wrapped(service, "servers.create", stop)
    sleeping = threading.Thread(target=service.step, args=(sleeper,))
    sleeping.start()
    assert stopped.wait(30)
    service.pass_time(service.lease + 1)
    other = Claims(service.db, service.runner._kinds, "other", service.lease)
    assert service.step(claims=other) == 1
    for _ in range(5):
        service.sync()
        service.step(claims=other)
    before, calls = _steps(service), list(service.world.calls)
    operation = service.rows(models.Operation)[0]
    assert operation["state"] == "done"
    go_on.set()
    sleeping.join(30)
    assert _steps(service) == before
    assert service.rows(models.Operation)[0] == operation
    assert service.world.calls == calls
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"


def test_no_request_is_sent_once_the_lease_may_end_before_its_answer(tmp_path: Path) -> None:
    service = Service(tmp_path, lease=13.0)
    try:
        properties.create(service)
        [(operation, lease)] = service.claims.take(1)
        lease.renewed(at=-1000.0)
        service.runner.run(operation, lease)
        assert service.world.calls == []
        with pytest.raises(LeaseLost):
            lease.check()
    finally:
        service.close()


def test_waking_a_waiting_operation_a_hundred_times_too_early_changes_nothing(service: Service) -> None:
    service.world.instant = False
    server = properties.create(service)
    service.step()
    assert service.rows(models.Operation)[0]["state"] == "waiting"
    calls = list(service.world.calls)
    for _ in range(100):
        with service.db.write() as conn:
            conn.exec_driver_sql("UPDATE operations SET wake_at = 0")
        assert service.step() == 1
        assert service.rows(models.Operation)[0]["state"] == "waiting"
    assert service.world.calls == calls
    assert ("wait-until-deployed", "running", 1) in _steps(service)
    service.world.instant = True
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"


def test_renewal_keeps_what_is_ours_and_loses_what_is_not(service: Service) -> None:
    properties.create(service)
    [(operation, lease)] = service.claims.take(1)
    service.claims.renew()
    lease.check()
    with service.db.write() as conn:
        conn.exec_driver_sql("UPDATE operations SET generation = generation + 1")
    service.claims.renew()
    with pytest.raises(LeaseLost):
        lease.check()
    service.claims.drop(operation["id"], operation["generation"])


def test_a_draining_conductor_parks_between_two_tasks(service: Service) -> None:
    server = properties.create(service)

    def stop(name: str, task: Any) -> None:
        once = task.execute

        def execute(**kwargs: Any) -> Any:
            runner.stopping.set()
            return once(**kwargs)

        if name == "claim-node":
            task.execute = execute

    runner = properties.wrapped(service, "servers.create", stop)
    service.step(runner)
    assert service.rows(models.Operation)[0]["state"] == "waiting"
    assert len(service.rows(models.Claim)) == 1
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"


def test_past_its_deadline_an_operation_is_undone_and_says_so(service: Service) -> None:
    service.world.instant = False
    server = properties.create(service)
    service.step()
    service.pass_time(3601)
    service.step()
    service.world.instant = True
    properties.finish(service)
    shown = service.call("GET", f"/v1/servers/{server['uuid']}").json
    assert shown["status"] == "error"
    assert "deadline" in shown["fault"]["message"]
    assert service.world.snapshot() == frozenset()


def test_a_wait_ends_at_the_deadline_at_the_latest(service: Service) -> None:
    service.world.instant = False
    service.conf.set_override("servers_create", 40.0, "deadlines")
    properties.create(service)
    for _ in range(2):
        service.step()
    [row] = service.live()
    assert row["state"] == "waiting"
    assert row["deadline_at"] == pytest.approx(row["created_at"] + 40, abs=1)
    assert row["wake_at"] == row["deadline_at"]
    service.pass_time(41)
    service.world.instant = True
    properties.finish(service)
    [create] = [row for row in service.rows(models.Operation) if row["kind"] == "servers.create"]
    assert (create["state"], create["error"]["code"], create["error"]["step"]) == ("failed", "deadline_exceeded", "wait-until-deployed")


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("conductor", "lease", "4.9"),
        ("conductor", "lease", "inf"),
        ("deadlines", "servers_create", "0"),
        ("deadlines", "servers_create", "nan"),
        ("ironic", "timeout", "8"),
        ("secrets", "fernet_key", "short"),
    ],
)
def test_a_value_out_of_bounds_is_refused_at_the_start_by_its_name(tmp_path: Path, group: str, name: str, value: str) -> None:
    path = tmp_path / "bad.conf"
    key = Fernet.generate_key().decode()
    path.write_text(f"[secrets]\nfernet_key = {key}\n[{group}]\n{name} = {value}\n")
    conf = configuration.register(cfg.ConfigOpts())
    conf(["--config-file", str(path)], project="baremetal_svc")
    # A conductor that were started all the same would be started again and again.
    with pytest.raises((cfg.ConfigFileValueError, ValueError), match=rf"{name}|time limit"):
        configuration.check(conf)
        assembly.check(conf)


def test_an_unknown_shape_is_left_to_those_who_know_it(service: Service) -> None:
    properties.create(service)
    with service.db.write() as conn:
        conn.exec_driver_sql("UPDATE operations SET shape = 99")
    assert service.step() == 0


def test_a_create_that_was_undone_began_anew_when_its_conductor_died_before_the_end(service: Service) -> None:
    """To prepare an engine for a flow in REVERTED makes it one that has not begun: it claimed a node again, and deployed it."""
    server = properties.create(service)
    service.world.fail_next("create_port", error=OutsideRefused("no"))
    engine = service.runner._run_engine

    def dies(engine_of_flow: Any) -> None:
        engine(engine_of_flow)
        raise properties.Died

    service.runner._run_engine = dies  # type: ignore[method-assign]
    with pytest.raises(properties.Died):
        service.step()
    service.pass_time(service.lease + 1)
    service.runner = service.new_conductor("next")._runner
    properties.finish(service)
    shown = service.call("GET", f"/v1/servers/{server['uuid']}").json
    assert (shown["status"], shown["fault"]["message"]) == ("error", "no")
    assert [method for method, _ in service.world.calls if method == "deploy"] == []
    assert {row["kind"]: row["state"] for row in service.rows(models.Operation)} == {"servers.create": "failed", "nodes.release": "done"}


def test_a_save_of_a_conductor_whose_operation_another_one_runs_is_refused(service: Service) -> None:
    """Both think that they run it: what the first one writes under its generation changes nothing, be it a row or TaskFlow's notes."""
    properties.create(service)
    [(operation, lease)] = service.claims.take(1)
    slept = Run(service.db, operation, lease, cancellable=True, stopping=threading.Event())
    persistence.create(slept, persistence.FencedBackend(slept), ["claim-node"])
    backend = persistence.FencedBackend(slept)
    detail = persistence.load(slept, backend)
    assert detail is not None
    service.pass_time(service.lease + 1)
    [(taken, _)] = Claims(service.db, service.runner._kinds, "other", service.lease).take(1)
    assert taken["generation"] == operation["generation"] + 1
    detail.state = "REVERTED"
    with pytest.raises(LeaseLost):
        backend.get_connection().update_flow_details(detail)
    with pytest.raises(LeaseLost):
        slept.transact(lambda conn: None)
    [row] = service.rows(models.Operation)
    assert (row["state"], row["seq"]) == ("running", taken["seq"])


def test_what_is_taken_while_a_conductor_stops_is_handed_over(service: Service) -> None:
    """It was left to run out its lease, and the thread that had taken it died of it."""
    properties.create(service)
    conductor = service.new_conductor("stops")
    begun, stopped = threading.Event(), threading.Event()

    def stop() -> None:
        begun.wait()
        conductor.stop()
        stopped.set()

    @sa.event.listens_for(service.db.engine, "after_cursor_execute")
    def look(conn: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if threading.current_thread().name == "take" and statement.startswith("UPDATE operations"):
            begun.set()
            # As long as a conductor that does not wait for this thread needs to stop.
            stopped.wait(1)

    spawn = conductor._spawn

    def slowly(*what: Any) -> None:
        spawn(*what)
        # In the middle of its start, too.
        stopped.wait(1)

    conductor._spawn = slowly  # type: ignore[method-assign]
    stopping = threading.Thread(target=stop)
    stopping.start()
    conductor.start()
    stopping.join()
    assert [(row["state"], row["owner"]) for row in service.live()] == [("waiting", None)]
