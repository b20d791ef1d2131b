# SPDX-License-Identifier: Apache-2.0
"""The wheel, installed apart from the checkout, finds and runs its migrations; the directory alembic/ hides no library."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from baremetal_svc.db import migration

CHECKOUT = Path(__file__).resolve().parents[2]
PARTS = ("baremetal_svc", "alembic", "etc", "setup.cfg", "setup.py", "pyproject.toml", "README.rst", "LICENSE", "requirements.txt")
BUILD = "import sys, pbr.build; print(pbr.build.build_wheel(sys.argv[1]))"
LOOK = "import baremetal_svc; from baremetal_svc.db import migration; print(baremetal_svc.__file__); print(migration.scripts())"


def run(*command: str | Path, cwd: Path, **more: str) -> str:
    """The output of a command that must succeed."""
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([str(word) for word in command], cwd=cwd, env={**kept, **more}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with our wheel; what it needs comes from the environment that runs the tests."""
    directory = tmp_path_factory.mktemp("wheel")
    source, environment = directory / "source", directory / "environment"
    source.mkdir()
    for name in PARTS:
        origin = CHECKOUT / name
        if origin.is_dir():
            shutil.copytree(origin, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(origin, source / name)
    wheel = run(sys.executable, "-c", BUILD, directory, cwd=source, PBR_VERSION="0.0.1").splitlines()[-1]
    run(sys.executable, "-m", "venv", "--without-pip", environment, cwd=directory)
    # Only the directory: the .pth files in it, the one of the editable checkout too, are not read.
    purelib = next((environment / "lib").glob("python3*/site-packages"))
    (purelib / "parent.pth").write_text(sysconfig.get_path("purelib"))
    pip = (sys.executable, "-m", "pip", "--python", environment / "bin" / "python")
    run(*pip, "install", "--quiet", "--no-deps", "--no-index", "--no-compile", directory / wheel, cwd=directory)
    return environment


def test_the_installed_package_runs_its_own_migrations(installed: Path, tmp_path: Path) -> None:
    package, scripts = run(installed / "bin" / "python", "-W", "ignore", "-c", LOOK, cwd=tmp_path).splitlines()
    assert Path(package).is_relative_to(installed)
    assert scripts == str(installed / "share" / "baremetal_svc" / "alembic")
    settings = tmp_path / "service.conf"
    settings.write_text(f"[database]\nconnection = sqlite:///{tmp_path}/service.db\n")
    manage = (installed / "bin" / "baremetal-svc-manage", "--config-file", settings, "db")
    assert run(*manage, "sync", cwd=tmp_path) == f"The schema is {migration.head()} now."
    assert run(*manage, "version", cwd=tmp_path) == f"database {migration.head()}, newest {migration.head()}"


def test_every_migration_is_in_the_wheel(installed: Path) -> None:
    places = (CHECKOUT / "alembic", installed / "share" / "baremetal_svc" / "alembic")
    ours, shipped = ({path.name for path in (place / "versions").glob("*.py")} for place in places)
    assert shipped == ours, "setup.cfg names each migration under [files] data_files"
    assert (installed / "etc" / "baremetal_svc" / "README.rst").is_file()


def test_in_the_checkout_alembic_is_the_library() -> None:
    where = run(sys.executable, "-c", "import alembic.config; print(alembic.config.__file__)", cwd=CHECKOUT)
    assert not Path(where).is_relative_to(CHECKOUT / "alembic")
