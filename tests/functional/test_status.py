# SPDX-License-Identifier: Apache-2.0
"""baremetal-svc-status upgrade check: each check passes on a service that is well, and says what is wrong with one that is not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from oslo_upgradecheck.upgradecheck import Code, Result

from baremetal_svc.cmd.status import Checks
from baremetal_svc.db import migration
from baremetal_svc.gateways import real
from tests.fixtures import properties
from tests.fixtures.service import Service


@pytest.fixture
def configured(service: Service) -> Service:
    images = service.directory / "images.yaml"
    images.write_text("images: []\n")
    real.register(service.conf)
    for section, options in (
        ("database", {"connection": f"sqlite:///{service.directory}/service.sqlite"}),
        ("images", {"file": str(images)}),
        ("ironic", {"auth_type": "none", "endpoint_override": "http://127.0.0.1:1"}),
        ("neutron", {"mode": "flat"}),
    ):
        for name, value in options.items():
            service.conf.set_override(name, value, section)
    return service


def results(service: Service) -> dict[str, Result]:
    checks = Checks(service.conf)
    return {name: check(checks) for name, check in Checks._upgrade_checks}


def failed(service: Service) -> dict[str, str | None]:
    """Names of the checks that fail, and why."""
    return {name: result.details for name, result in results(service).items() if result.code is not Code.SUCCESS}


def test_all_is_well(configured: Service) -> None:
    properties.create(configured)
    assert failed(configured) == {}


def test_an_old_schema(configured: Service) -> None:
    with configured.db.write() as conn:
        conn.exec_driver_sql(f"UPDATE {migration.VERSION_TABLE} SET version_num = '0001'")
    [(name, details)] = failed(configured).items()
    assert name == "Database schema" and "The schema is 0001" in str(details) and "db sync" in str(details)


def test_an_empty_database_has_no_operations(configured: Service, tmp_path: Path) -> None:
    configured.conf.set_override("connection", f"sqlite:///{tmp_path}/empty.sqlite", "database")
    assert list(failed(configured)) == ["Database schema"]


def test_a_database_that_is_away(configured: Service) -> None:
    configured.conf.set_override("connection", "sqlite:////no/such/directory/service.sqlite", "database")
    assert list(failed(configured)) == ["Database schema", "Live operations"]


@pytest.mark.parametrize("url", [None, "foo", "mysql+mysqlconnector://u:p@h/d"])
def test_a_database_that_cannot_be(configured: Service, url: str | None) -> None:
    configured.conf.set_override("connection", url, "database")
    assert list(failed(configured)) == ["Configuration", "Database schema", "Live operations"]


def test_what_no_process_could_be_built_of(configured: Service) -> None:
    configured.conf.set_override("file", "/no/such/images.yaml", "images")
    [(name, details)] = failed(configured).items()
    assert name == "Configuration" and "/no/such/images.yaml" in str(details)


def test_live_operations_that_only_another_release_knows(configured: Service) -> None:
    properties.create(configured)
    with configured.db.write() as conn:
        conn.exec_driver_sql("UPDATE operations SET shape = 99")
    [(name, details)] = failed(configured).items()
    assert name == "Live operations" and "servers.create (shape 99)" in str(details)
    with configured.db.write() as conn:
        conn.exec_driver_sql("UPDATE operations SET state = 'done'")
    assert failed(configured) == {}


@pytest.mark.parametrize("keys", [[], ["short"]])
def test_keys(configured: Service, keys: list[str]) -> None:
    configured.conf.set_override("fernet_key", keys, "secrets")
    assert list(failed(configured)) == ["Fernet keys"]


def test_a_lease_that_is_too_short(configured: Service) -> None:
    configured.conf.set_override("lease", 12.0, "conductor")
    assert list(failed(configured)) == ["Time limits and lease"]


def test_a_policy_in_json(configured: Service, tmp_path: Path) -> None:
    policy = tmp_path / "policy.json"
    policy.write_text("{}")
    configured.conf.set_override("policy_file", str(policy), "oslo_policy")
    assert list(failed(configured)) == ["Policy file format"]


def test_the_command_ends_with_the_worst_code(configured: Service) -> None:
    settings = configured.directory / "service.conf"
    conf = configured.conf
    settings.write_text(
        f"[database]\nconnection = {conf.database.connection}\n[images]\nfile = {conf.images.file}\n[neutron]\nmode = flat\n"
        "[ironic]\nauth_type = none\nendpoint_override = http://127.0.0.1:1\n"
    )
    program = [sys.executable, "-c", "import sys; from baremetal_svc.cmd.status import main; sys.exit(main())"]
    command = [*program, "--config-file", str(settings), "upgrade", "check", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == Code.FAILURE, done.stderr
    found = {entry["check"]: entry["result"] for entry in json.loads(done.stdout)["checks"]}
    assert found.pop("Fernet keys") == Code.FAILURE
    assert set(found.values()) == {Code.SUCCESS}
    broken = subprocess.run([*program, "--config-file", "/no", "upgrade", "check"], capture_output=True, text=True, check=False)
    assert (broken.returncode, "Traceback" in broken.stderr) == (255, False), broken.stderr
