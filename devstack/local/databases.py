# SPDX-License-Identifier: Apache-2.0
"""MariaDB, PostgreSQL and memcached, tuned for tests: nothing is synced to disk, so that the machine may not die, but the processes may."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

from devstack.local import layout, processes
from devstack.local.waiting import port_open, ready

_USER, _PASSWORD = layout.DATABASE_USER, layout.PASSWORD
POSTGRESQL_STOP = signal.SIGINT  # TERM would wait for its clients
# A commit is handed to the operating system before it is answered (2, and synchronous_commit): a database that forgets at its own kill what
# it has answered makes Ironic and the service forget what they did, and whatever is found then is no fault of theirs.
# Buffers hold what 100,000 machines come to, as whoever has that many would give them; memory is taken as it is used.
_MARIADB_OPTIONS = """
    --bind-address=127.0.0.1 --skip-name-resolve --max-connections=1000 --performance-schema=off
    --innodb-flush-log-at-trx-commit=2 --innodb-buffer-pool-size=1G --innodb-doublewrite=0 --sync-binlog=0 --skip-log-bin
    --innodb-flush-method=nosync --character-set-server=utf8mb4 --collation-server=utf8mb4_unicode_ci
""".split()
_POSTGRESQL_OPTIONS = (
    "fsync=off synchronous_commit=on full_page_writes=off max_connections=300 shared_buffers=1GB "
    "unix_socket_directories= listen_addresses=127.0.0.1"
)


def start_mariadb() -> None:
    """Start it; the first time its data directory is made."""
    data = layout.DATA / "mariadb"
    if not (data / "mysql").is_dir():
        shutil.rmtree(data, ignore_errors=True)
        normal = "--auth-root-authentication-method=normal"
        install = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={data}.new", normal, "--skip-test-db"]
        processes.run("mariadb-install", install)
        Path(f"{data}.new").rename(data)
    where = [f"--datadir={data}", f"--socket={_socket()}", f"--pid-file={layout.RUN}/mariadb.own", f"--port={layout.PORTS['mariadb']}"]
    processes.start("mariadb", ["/usr/sbin/mariadbd", "--no-defaults", "--user=root", *where, *_MARIADB_OPTIONS])
    ready("mariadb", lambda: port_open(layout.PORTS["mariadb"]), 60, lambda: processes.pid("mariadb"))


def start_postgresql() -> None:
    """Start it as the user postgres, whose data must lie where that user may go."""
    data, binaries = layout.SHORT / "postgresql", postgresql_binaries()
    if not (data / "PG_VERSION").exists():
        shutil.rmtree(data, ignore_errors=True)
        data.mkdir(mode=0o700)
        shutil.chown(data, "postgres", "postgres")
        options = ["--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={_USER}", "-D", str(data)]
        processes.run("postgresql-install", [binaries / "initdb", *options], user=_owner())
    _forget_postmaster(data / "postmaster.pid")
    settings = [word for setting in _POSTGRESQL_OPTIONS.split() for word in ("-c", setting)]
    command = [binaries / "postgres", "-D", data, "-p", str(layout.PORTS["postgresql"]), *settings]
    processes.start("postgresql", command, user=_owner(), TZ="UTC")
    # Its port is open before it has recovered from a kill.
    asked = [str(binaries / "pg_isready"), "-q", "-h", layout.HOST, "-p", str(layout.PORTS["postgresql"])]
    ready("postgresql", lambda: subprocess.run(asked, check=False).returncode == 0, 60, lambda: processes.pid("postgresql"))


def _forget_postmaster(lock: Path) -> None:
    """Delete the lock of a server that was killed: PostgreSQL takes whatever has its pid, be it a zombie, for a server."""
    if not lock.exists():
        return
    try:
        runs = Path(os.readlink(f"/proc/{lock.read_text().split()[0]}/exe")).name.startswith("postgres")
    except OSError:
        runs = False
    if not runs:
        lock.unlink()


def start_memcached() -> None:
    """Start the cache of tokens."""
    port = layout.PORTS["memcached"]
    processes.start("memcached", ["memcached", "-u", "root", "-l", layout.HOST, "-p", str(port), "-U", "0", "-m", "64"])
    ready("memcached", lambda: port_open(port), 20, lambda: processes.pid("memcached"))


def create_database(kind: str, name: str) -> str:
    """An empty database, an old one of that name dropped first; answers its SQLAlchemy URL.

    :raises ValueError: an unknown kind.
    """
    if kind == "mysql":
        sql(f"DROP DATABASE IF EXISTS `{name}`;")
        ensure_mysql_database(name)
    elif kind == "postgresql":
        _psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        _psql(f'CREATE DATABASE "{name}" TEMPLATE template0')
    else:
        raise ValueError(f"unknown kind of database: {kind}")
    return url(kind, name)


def drop_database(kind: str, name: str) -> None:
    """Drop it when it is there."""
    if kind == "mysql":
        sql(f"DROP DATABASE IF EXISTS `{name}`;")
    else:
        _psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def url(kind: str, name: str) -> str:
    """The SQLAlchemy URL of a database."""
    driver = {"mysql": "mysql+pymysql", "postgresql": "postgresql+psycopg"}[kind]
    port = layout.PORTS["mariadb" if kind == "mysql" else "postgresql"]
    return f"{driver}://{_USER}:{_PASSWORD}@{layout.HOST}:{port}/{name}"


def ensure_mysql_database(name: str) -> None:
    """Create it and grant it to our account, unless that is done."""
    accounts = "".join(f"GRANT ALL ON *.* TO '{_USER}'@'{host}' IDENTIFIED BY '{_PASSWORD}';" for host in (layout.HOST, "localhost"))
    sql(f"CREATE DATABASE IF NOT EXISTS `{name}`;{accounts}")


def sql(statements: str) -> str:
    """Run SQL in MariaDB as its root; answers rows separated by tabs."""
    return _output(["mariadb", "--no-defaults", "-uroot", f"-S{_socket()}", "-N", "-e", statements])


def dump_mysql(name: str, path: Path) -> None:
    """Write a MariaDB database to a file, from which `restore_mysql` makes it again."""
    path.write_text(_output(["mariadb-dump", "--no-defaults", "-uroot", f"-S{_socket()}", "--skip-lock-tables", name]))


def restore_mysql(name: str, path: Path) -> None:
    """An empty database, then what the file holds."""
    create_database("mysql", name)
    sql(f"USE `{name}`; SOURCE {path};")


def postgresql_binaries() -> Path:
    """The directory of the newest server installed.

    :raises FileNotFoundError: none is.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise FileNotFoundError("no PostgreSQL server in /usr/lib/postgresql")
    return found[-1].parent


def _socket() -> str:
    return str(layout.SHORT / "mariadb.sock")


def _owner() -> str | None:
    return "postgres" if os.geteuid() == 0 else None


def _psql(statement: str) -> str:
    return _output(
        ["psql", "-X", "-q", "-h", layout.HOST, "-p", str(layout.PORTS["postgresql"]), "-U", _USER, "-d", "postgres", "-c", statement]
    )


def _output(command: list[str]) -> str:
    done = subprocess.run(command, env=layout.environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]}: {done.stderr.strip()}")
    return done.stdout
