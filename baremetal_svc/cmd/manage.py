# SPDX-License-Identifier: Apache-2.0
"""baremetal-svc-manage: what an operator does beside the API. Prints one line, exits 0; 1 with a reason on stderr."""

import sys

from cryptography.fernet import Fernet
from oslo_config import cfg

from baremetal_svc import conf as configuration
from baremetal_svc.db import migration
from baremetal_svc.db.session import AWAY, Database


def sync(conf: cfg.ConfigOpts) -> str:
    """Bring the database to the newest schema."""
    database = Database.of(conf)
    try:
        return migration.sync(database.engine)
    finally:
        database.close()


def version(conf: cfg.ConfigOpts) -> str:
    """The schema of the database, and the newest one."""
    database = Database.of(conf)
    try:
        return f"database {migration.current(database.engine) or 'empty'}, newest {migration.head()}"
    finally:
        database.close()


def new_key(conf: cfg.ConfigOpts) -> str:
    """A key for [secrets] fernet_key."""
    return Fernet.generate_key().decode()


COMMANDS = {"db": {"sync": sync, "version": version}, "secrets": {"new-key": new_key}}


def _add_commands(topics: object) -> None:
    for topic, verbs in COMMANDS.items():
        parser = topics.add_parser(topic, help=", ".join(verbs))  # type: ignore[attr-defined]
        commands = parser.add_subparsers(dest="verb", required=True)
        for verb, action in verbs.items():
            commands.add_parser(verb, help=action.__doc__).set_defaults(action=action)


def main() -> int:
    """Entry point of baremetal-svc-manage."""
    cfg.CONF.register_cli_opt(cfg.SubCommandOpt("topic", title="commands", handler=_add_commands))
    conf = configuration.load(sys.argv[1:])
    try:
        print(conf.topic.action(conf))
    except AWAY as error:
        print(f"The database does not answer: {error}", file=sys.stderr)
        return 1
    except (OSError, cfg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
