# SPDX-License-Identifier: Apache-2.0
"""baremetal-svc-manage: purge keeps what a living server is explained by, keys rotate, online migrations say how far they are."""

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from oslo_config import cfg
from sqlalchemy import Connection

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import manage
from baremetal_svc.db import models, online, purge
from baremetal_svc.db.secrets import START, Vault
from tests.fixtures import properties
from tests.fixtures.service import Service

DAY = 86400.0

NOTHING = dict.fromkeys(("operations", "faults", "idempotency_keys", "tag_changes", "reservations", "batches"), 0)


def run(service: Service, *arguments: str, keys: list[str] | None = None) -> int:
    """One command line on the database of the service."""
    conf = configuration.register(cfg.ConfigOpts())
    conf.register_cli_opt(manage.TOPIC)
    conf(list(arguments), project="baremetal_svc", default_config_files=[])
    conf.set_override("connection", f"sqlite:///{service.directory}/service.sqlite", "database")
    conf.set_override("fernet_key", keys or service.conf.secrets.fernet_key, "secrets")
    return manage.run(conf)


def age(service: Service, days: float) -> None:
    """Move everything that has happened into the past."""
    times = (
        (models.Operation, "created_at"),
        (models.Operation, "ended_at"),
        (models.Fault, "created_at"),
        (models.Fault, "cleared_at"),
        (models.IdempotencyKey, "created_at"),
    )
    with service.db.write() as conn:
        for model, name in times:
            column = model.__table__.c[name]
            conn.execute(sa.update(model.__table__).where(column.is_not(None)).values({name: column - days * DAY}))


def kinds(service: Service) -> list[str]:
    return sorted(f"{row['kind']} {row['state']}" for row in service.rows(models.Operation))


def power(service: Service, server_id: str, target: str, *, fails: bool = False) -> None:
    if fails:
        service.world.fail_next("power", times=99)
    assert service.call("PUT", f"/v1/servers/{server_id}/states/power", {"target": target}).status == 202
    service.work()


def test_purge_forgets_a_server_that_is_gone(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    server = service.call("POST", "/v1/servers", service.prepared(), headers={"Idempotency-Key": "k"}).json
    service.work()
    service.call("DELETE", f"/v1/servers/{server['uuid']}")
    properties.finish(service)
    age(service, 8)
    assert run(service, "db", "purge", "--days", "9") == 0
    assert capsys.readouterr().out == "deleted 0 operations, 0 faults, 0 idempotency keys, 0 tag changes, 0 reservations, 0 batches\n"
    assert run(service, "db", "purge", "--days", "7", "--dry-run") == 0
    assert capsys.readouterr().out == "would delete 3 operations, 0 faults, 1 idempotency keys, 0 tag changes, 0 reservations, 0 batches\n"
    assert len(service.rows(models.Operation)) == 3
    assert run(service, "db", "purge", "--days", "7", "--limit", "2") == 0
    assert capsys.readouterr().out == "deleted 2 operations, 0 faults, 1 idempotency keys, 0 tag changes, 0 reservations, 0 batches\n"
    assert run(service, "db", "purge", "--days", "7") == 0
    assert service.rows(models.Operation) == service.rows(models.Step) == service.rows(models.IdempotencyKey) == []


def test_purge_keeps_what_explains_a_living_server(service: Service) -> None:
    server_id = properties.active(service)
    power(service, server_id, "off")
    power(service, server_id, "on")
    age(service, 100)
    assert purge.purge(service.db, 7)["operations"] == 2
    assert kinds(service) == ["servers.create done"]
    assert service.rows(models.Step)


def test_purge_keeps_the_last_failure_of_a_living_server_only(service: Service) -> None:
    server = service.call("POST", "/v1/servers", service.prepared(nodes=0)).json
    service.work()
    with service.db.write() as conn:
        [row] = conn.execute(sa.select(models.Operation.__table__)).mappings()
        for number, state in enumerate(("failed", "failed", "done")):
            later = {"id": f"{number}", "kind": "power.stop", "state": state, "created_at": row["created_at"] + number + 1}
            conn.execute(sa.insert(models.Operation.__table__).values({**row, **later}))
    age(service, 100)
    shown = service.call("GET", f"/v1/servers/{server['uuid']}").json["fault"]
    assert shown
    assert purge.purge(service.db, 7, chunk=1)["operations"] == 2
    assert sorted(row["id"] for row in service.rows(models.Operation)) == sorted([row["id"], "1"])
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["fault"] == shown


def test_purge_keeps_the_open_faults_of_a_living_server_until_it_is_gone(service: Service) -> None:
    server = service.call("POST", "/v1/servers", service.prepared(nodes=0)).json
    service.work()
    assert sorted(row["target_kind"] for row in service.rows(models.Fault)) == ["operation", "server"]
    age(service, 100)
    assert purge.purge(service.db, 7) == NOTHING
    service.call("DELETE", f"/v1/servers/{server['uuid']}")
    service.work()
    age(service, 100)
    assert purge.count(service.db, 7) == {**NOTHING, "operations": 2, "faults": 2}
    assert purge.purge(service.db, 7) == {**NOTHING, "operations": 2, "faults": 2}
    assert service.rows(models.Fault) == []


def test_purge_leaves_live_operations_and_open_faults_of_machines(service: Service) -> None:
    server = properties.create(service)
    with service.db.write() as conn:
        fault = {"id": "f", "target_kind": "node", "target_id": "n", "operation_id": "gone", "code": "c", "message": "m", "created_at": 0}
        conn.execute(sa.insert(models.Fault.__table__).values([{**fault, "cleared_at": None}, {**fault, "id": "g", "cleared_at": 1.0}]))
    age(service, 1000)
    assert purge.purge(service.db, 1) == {**NOTHING, "faults": 1}
    assert [row["id"] for row in service.rows(models.Fault)] == ["f"]
    service.work()
    assert service.call("GET", f"/v1/servers/{server['uuid']}").json["status"] == "active"


@pytest.mark.parametrize("arguments", [["db", "purge"], ["db", "purge", "--days", "0"], ["db", "purge", "--days", "x"], ["db"], []])
def test_a_command_line_that_is_wrong_does_nothing(service: Service, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        run(service, *arguments)
    assert refused.value.code == 2


def test_keys_rotate_while_an_operation_waits(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    body = service.prepared()
    body["server"]["user_data"] = "c2VjcmV0LW9mLW1pbmU="
    service.call("POST", "/v1/servers", body)
    [old] = service.conf.secrets.fernet_key
    assert run(service, "fernet", "generate-key") == 0
    new = capsys.readouterr().out.strip()
    before = service.rows(models.Secret)
    assert run(service, "fernet", "rotate", keys=[new, old]) == 0
    assert capsys.readouterr().out == f"{len(before)} secrets are under the first key\n"
    [row] = service.rows(models.Secret)
    assert row["ciphertext"] != before[0]["ciphertext"]
    with service.db.read() as conn:
        assert Vault([new]).all_of(conn, row["operation_id"]) == {row["name"]: "secret-of-mine"}
    assert run(service, "fernet", "rotate", keys=[Fernet.generate_key().decode()]) == 1
    assert "1 are under none of the keys" in capsys.readouterr().out
    assert service.rows(models.Secret) == [row]


def test_rotation_goes_in_chunks_and_ends(service: Service) -> None:
    properties.create(service)
    [operation] = service.rows(models.Operation)
    vault = Vault(service.conf.secrets.fernet_key)
    with service.db.write() as conn:
        for number in range(5):
            vault.put(conn, operation["id"], f"s{number}", "v")
        place, rotated, looks = START, 0, 0
        while place is not None:
            place, done, _ = vault.rotate(conn, place, 2)
            rotated, looks = rotated + done, looks + 1
    assert (rotated, looks) == (len(service.rows(models.Secret)), len(service.rows(models.Secret)) // 2 + 1)


def test_a_key_that_is_none_is_one_line(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(service, "fernet", "rotate", keys=["short"]) == 1
    assert "Fernet key must be" in capsys.readouterr().err


def test_nodes_whose_network_cards_were_not_counted_are_given_the_number(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """As an older release left them: with facts, but without that one."""
    service.world.add_nodes(3, cards=2)
    service.sync()
    with service.db.write() as conn:
        conn.execute(sa.delete(models.NodeFact.__table__).where(models.NodeFact.term == "nics:2"))
    assert run(service, "db", "online-data-migrations") == 0
    assert capsys.readouterr().out == "fill_node_facts: 3 rows\ncomplete\n"
    assert [row["term"] for row in service.rows(models.NodeFact)].count("nics:2") == 3
    assert run(service, "db", "online-data-migrations") == 0
    assert capsys.readouterr().out == "fill_node_facts: 0 rows\ncomplete\n"


def test_nodes_without_facts_are_given_theirs(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    service.world.add_nodes(3, traits=["CUSTOM_A"])
    service.sync()
    before = sorted((row["node_id"], row["term"]) for row in service.rows(models.NodeFact))
    with service.db.write() as conn:
        conn.execute(sa.delete(models.NodeFact.__table__))
    assert run(service, "db", "online-data-migrations", "--max-count", "2") == 1
    assert run(service, "db", "online-data-migrations") == 0
    assert capsys.readouterr().out == "fill_node_facts: 2 rows\nmore may be left: run it again\nfill_node_facts: 1 rows\ncomplete\n"
    assert sorted((row["node_id"], row["term"]) for row in service.rows(models.NodeFact)) == before != []


def test_nothing_to_migrate_says_so(service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(online, "MIGRATIONS", ())
    assert run(service, "db", "online-data-migrations", "--max-count", "5") == 0
    assert capsys.readouterr().out == "nothing to migrate\n"


def fill_descriptions(conn: Connection, most: int) -> int:
    """As a migration of flavors would be."""
    flavor = models.Flavor.__table__
    ids = conn.execute(sa.select(flavor.c.id).where(flavor.c.description == "d").limit(most)).scalars().all()
    conn.execute(sa.update(flavor).where(flavor.c.id.in_(ids)).values(description="filled"))
    return len(ids)


def test_online_migrations_go_on_where_they_stopped(
    service: Service, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(online, "MIGRATIONS", (fill_descriptions,))
    monkeypatch.setattr(online, "CHUNK", 2)
    for _ in range(5):
        service.flavor()
    assert run(service, "db", "online-data-migrations", "--max-count", "3") == 1
    assert capsys.readouterr().out == "fill_descriptions: 3 rows\nmore may be left: run it again\n"
    assert run(service, "db", "online-data-migrations") == 0
    assert capsys.readouterr().out == "fill_descriptions: 2 rows\ncomplete\n"


def test_a_database_that_is_away_is_one_line(service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    empty: Any = Service.__new__(Service)
    empty.directory, empty.conf = tmp_path / "none", service.conf
    assert run(empty, "db", "purge", "--days", "1") == 1
    assert "The database cannot be used" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["db", "purge", "--days", "1"], ["fernet", "rotate"], ["db", "online-data-migrations"]])
def test_a_database_that_was_never_synced_is_one_line(
    service: Service, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    empty: Any = Service.__new__(Service)
    empty.directory, empty.conf = tmp_path / "empty", service.conf
    empty.directory.mkdir()
    assert run(empty, *words) == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
