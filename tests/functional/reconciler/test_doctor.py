# SPDX-License-Identifier: Apache-2.0
"""baremetal-svc-manage doctor: table, JSON, exit status; an outage is told apart from nothing being there; and what a look costs."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import manage, manage_doctor
from baremetal_svc.db import duties, models
from baremetal_svc.domain.errors import OutsideRefused, Unavailable
from baremetal_svc.gateways import real
from tests.fixtures import drifting, properties
from tests.fixtures.drifting import lose
from tests.fixtures.service import Service


@pytest.fixture
def shell(service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> "Shell":
    # The command makes its gateways of the configuration; here they are those of the simulated world.
    monkeypatch.setattr(real, "build", lambda conf: service.gateways)
    return Shell(service, capsys)


class Shell:
    """Runs the command on the service's database."""

    def __init__(self, service: Service, capsys: pytest.CaptureFixture[str]) -> None:
        self._service = service
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        conf = configuration.register(cfg.ConfigOpts())
        conf.register_cli_opt(manage.TOPIC)
        conf(["doctor", *arguments], project="baremetal_svc", default_config_files=[])
        conf.set_override("connection", f"sqlite:///{self._service.directory}/service.sqlite", "database")
        status = manage.run(conf)
        said = self._capsys.readouterr()
        return status, said.out, said.err


def test_clean(service: Service, shell: Shell) -> None:
    properties.active(service)
    status, out, err = shell()
    assert (status, err) == (0, "")
    assert out.startswith("0 findings. Looked at 0 operations, 1 claims, 1 servers, 1 nics, 3 nodes")


def test_a_table_with_a_proposal_for_each_row(service: Service, shell: Shell) -> None:
    server_id = properties.active(service)
    lose(service, models.Server, sa.true())
    before = drifting.everything(service)
    status, out, err = shell()
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[0].split() == ["CODE", "TARGET", "WHAT", "PROPOSAL", "FATE"]
    assert "claim_without_server" in lines[2] and f"server {server_id}" in lines[2] and lines[2].endswith("found")
    assert "Release the claim: the machine is torn down" in out
    assert drifting.everything(service) == before
    status, out, _ = shell("--repair")
    assert status == 1 and "repaired" in out
    assert shell("--repair")[0] == 0
    properties.finish(service)
    assert service.world.snapshot() == frozenset() and shell()[0] == 0


def test_json(service: Service, shell: Shell) -> None:
    server_id = properties.active(service)
    next(node for node in service.world.nodes.values() if node.instance_id).protected = False
    status, out, _ = shell("--json")
    document = json.loads(out)
    [finding] = document["findings"]
    assert status == 1 and set(document) == {"findings", "looked_at", "untold"}
    assert (finding["code"], finding["target_kind"], finding["target"]) == ("node_not_protected", "server", server_id)
    assert (finding["repair"], finding["fate"]) == ("manual", "found") and finding["proposal"]
    assert document["looked_at"]["servers"] == 1
    assert json.loads(shell("--json", "--repair")[1])["findings"][0]["fate"] == "fault"


@pytest.mark.parametrize("away", ["ironic", "neutron"])
def test_a_service_that_is_away_cannot_be_told_about_and_nothing_is_changed(service: Service, shell: Shell, away: str) -> None:
    properties.active(service)
    service.world.away(away)
    before = drifting.everything(service)
    for arguments in ((), ("--repair",)):
        status, out, err = shell(*arguments)
        assert (status, out[:11]) == (2, "0 findings.") and f"Cannot tell about {away}" in err
    assert drifting.everything(service) == before


def test_what_can_be_told_is_still_told(service: Service, shell: Shell) -> None:
    properties.active(service)
    lose(service, models.Server, sa.true())
    service.world.away("neutron")
    status, out, _ = shell("--repair")
    assert status == 2 and "claim_without_server" in out and "waits" in out
    assert service.live() == [], "a release must know the ports"
    service.world.back("neutron")
    assert shell("--repair")[0] == 1 and len(service.live()) == 1


@pytest.mark.parametrize(("method", "error"), [("survey_vifs", Unavailable("away")), ("survey_nodes", OutsideRefused("Ironic refused: no")),
                                               ("survey_ports", OutsideRefused("Neutron refused: no"))])  # fmt: skip
def test_a_listing_that_breaks_off_or_is_refused_tells_nothing(service: Service, shell: Shell, method: str, error: Exception) -> None:
    properties.active(service)
    service.world.fail_next(method, error=error)
    status, out, err = shell("--json")
    assert status == 2 and json.loads(out)["findings"] == [] and json.loads(out)["untold"] and str(error) in err


def test_a_listing_that_breaks_off_behind_its_first_page(service: Service, shell: Shell) -> None:
    properties.active(service)
    service.world.add_nodes(1000)
    request, asked = service.world.request, []

    @contextmanager
    def second_fails(name: str, method: str, *more: str) -> Iterator[object]:
        asked.append(method)
        if asked.count("survey_nodes") == 2:
            raise Unavailable("Ironic cannot be reached")
        with request(name, method, *more) as accept:
            yield accept

    service.world.request = second_fails  # type: ignore[method-assign,assignment]
    status, out, _ = shell("--json")
    assert status == 2 and json.loads(out)["findings"] == []


def test_a_database_that_is_away_cannot_be_told_about(service: Service, shell: Shell) -> None:
    with service.without_database():
        status, out, err = shell("--json")
    assert status == 2 and json.loads(out)["findings"] == [] and "The database cannot be used" in err


def test_a_configuration_that_is_none_cannot_be_told_about(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert Shell(service, capsys)()[0] == manage_doctor.CANNOT_TELL


def test_a_bug_is_not_taken_for_findings(service: Service, shell: Shell) -> None:
    service.world.fail_next("survey_nodes", error=KeyError("uuid"))
    status, _, err = shell()
    assert status == 2 and err == "The doctor failed: KeyError; the log has more.\n"


@pytest.mark.parametrize(("content", "said"), [("[conductor]\nlease = 1\n", "lease"), ("", "[database] connection is not set.")])
def test_a_configuration_that_cannot_be_used_is_not_taken_for_findings(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "bad.conf").write_text(content)
    program = "import sys; from baremetal_svc.cmd import manage; sys.exit(manage.main())"
    command = [sys.executable, "-W", "ignore", "-c", program, "--config-file", str(tmp_path / "bad.conf"), "doctor", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2 and said in done.stderr
    assert done.stdout.strip() in ("", '{"findings": [], "looked_at": {}, "untold": {}}')


def test_one_conductor_has_the_duty_for_an_interval(service: Service) -> None:
    first, second = drifting.reconciler(service, "first"), drifting.reconciler(service, "second")
    assert first._look() and not second._look() and first._look()
    service.db.transact(lambda conn: duties.release(conn, "first"))
    assert second._look()


def test_a_conductor_reconciles_in_a_thread_unless_told_not_to(service: Service) -> None:
    assert service.conductor.reconciler is not None
    stopped = threading.Event()
    stopped.set()
    service.conductor.reconciler.keep(stopped)
    service.conf.set_override("reconcile_interval", 0, "conductor")
    assert service.new_conductor("quiet").reconciler is None


def _filled(service: Service, count: int) -> None:
    """So many active servers more, on nodes of their own, with a port each: written as they stand after a create."""
    server_id = properties.active(service) if not service.rows(models.Server) else service.rows(models.Server)[0]["id"]
    [server] = [row for row in service.rows(models.Server) if row["id"] == server_id]
    claims = {row["server_id"]: row for row in service.rows(models.Claim)}
    nic = next(row for row in service.rows(models.Nic) if row["server_id"] == server_id)
    node_ids = service.world.add_nodes(count, cards=1)
    service.sync()
    servers, held, nics = [], [], []
    for node_id in node_ids:
        new, claim = service.world.new_id("server"), service.world.new_id("claim")
        made = {"server_id": new, "claim_id": claim, "index": 0, "network_id": service.network, "project_id": "red"}
        port = service.gateways.neutron.create_port(**made, mac_address=None, hostname="h")
        node = service.world.nodes[node_id]
        node.instance_id, node.provision_state, node.protected, node.vifs = new, "active", True, [port.id]
        node.instance_info = {"baremetal_svc": {new: True}}
        servers.append({**server, "id": new, "node_id": node_id})
        held.append({**claims[server_id], "id": claim, "server_id": new, "live_server": new, "node_id": node_id, "held_node": node_id})
        nics.append({**nic, "server_id": new, "port_id": port.id})
    with service.db.write() as conn:
        for model, values in ((models.Server, servers), (models.Claim, held), (models.Nic, nics)):
            conn.execute(sa.insert(model.__table__), values)
    service.sync()


def _cost(service: Service) -> tuple[int, dict[str, int]]:
    """Statements and requests of one look that finds nothing."""
    statements: list[str] = []
    service.world.asked.clear()
    listen = (service.db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    sa.event.listen(*listen)
    assert drifting.look(service) == []
    sa.event.remove(*listen)
    return len(statements), dict(service.world.asked)


def test_a_look_costs_a_call_for_each_thousand_and_no_statement_for_a_server(service: Service) -> None:
    service.conf.set_override("servers", -1, "quotas")
    _filled(service, 20)
    few, asked = _cost(service)
    assert asked == {"ironic.survey_nodes": 1, "ironic.survey_vifs": 1, "neutron.survey_ports": 1}
    _filled(service, 400)
    assert _cost(service) == (few, asked)
    _filled(service, 700)
    more, asked = _cost(service)
    # Nodes are compared with their offers in chunks of 500: four queries for each, twice in a look.
    assert more == few + 2 * 2 * 4
    assert asked == {"ironic.survey_nodes": 2, "ironic.survey_vifs": 2, "neutron.survey_ports": 2}
