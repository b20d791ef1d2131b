# SPDX-License-Identifier: Apache-2.0
"""The commands of ``baremetal-svc-manage db``: what each prints, and its exit status."""

import argparse
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from oslo_config import cfg

from baremetal_svc.db import migration, online
from baremetal_svc.db import purge as purging
from baremetal_svc.db.session import Database

#: As nova-manage has them.
COMPLETE, MORE = 0, 1
#: Days, or rows.
MOST = 1_000_000


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to {MOST}")
    return int(text)


PURGE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--days": {"type": _positive, "required": True, "metavar": "N", "help": "keep what ended within the last N days"},
    "--dry-run": {"action": "store_true", "help": "only count"},
    "--limit": {"type": _positive, "metavar": "N", "help": "delete at most N rows of each kind"},
}
ONLINE_OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--max-count": {"type": _positive, "metavar": "N", "help": "change at most N rows; exit status 1 when more may be left"},
}


@contextmanager
def database(conf: cfg.ConfigOpts) -> Iterator[Database]:
    """The configured database, for one command."""
    found = Database.of(conf, patient=True)
    try:
        yield found
    finally:
        found.close()


def sync(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Bring the database to the newest schema."""
    with database(conf) as db:
        return f"The schema is {migration.sync(db.engine)} now.", 0


def version(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """The schema of the database, and the newest one."""
    with database(conf) as db:
        return f"database {migration.current(db.engine) or 'empty'}, newest {migration.head()}", 0


def purge(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Delete ended operations with their steps, cleared faults and idempotency keys that are old."""
    asked = conf.topic
    with database(conf) as db:
        done = purging.count(db, asked.days, limit=asked.limit) if asked.dry_run else purging.purge(db, asked.days, limit=asked.limit)
    verb = "would delete" if asked.dry_run else "deleted"
    return f"{verb} " + ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in done.items()), 0


def online_data_migrations(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Bring rows into the form of this release while the service runs; 0: complete, 1: more may be left after --max-count."""
    if not online.MIGRATIONS:
        return "nothing to migrate", COMPLETE
    with database(conf) as db:
        changed, complete = online.migrate(db, conf.topic.max_count, online.MIGRATIONS)
    lines = [f"{name}: {count} rows" for name, count in changed.items()]
    return "\n".join([*lines, "complete" if complete else "more may be left: run it again"]), COMPLETE if complete else MORE
