# SPDX-License-Identifier: Apache-2.0
"""baremetal-svc-manage: what an operator does beside the API.

Exits 0, or 1 with a reason on stderr, or 2 when its arguments are wrong, unless its help says more.
"""

import logging
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from oslo_config import cfg
from oslo_log import log

from baremetal_svc import conf as configuration
from baremetal_svc.cmd import manage_db, manage_doctor, manage_fernet
from baremetal_svc.db.session import FAILURES, told


@dataclass(frozen=True, slots=True)
class Command:
    """What a verb does; its docstring is the help. ``options``: arguments of argparse by name."""

    action: Callable[[cfg.ConfigOpts], tuple[str, int]]
    options: Mapping[str, Mapping[str, Any]]


#: By topic and verb; the verb "" is the topic itself.
COMMANDS: Mapping[str, Mapping[str, Command]] = {
    "doctor": {"": Command(manage_doctor.doctor, manage_doctor.OPTIONS)},
    "db": {
        "sync": Command(manage_db.sync, {}),
        "version": Command(manage_db.version, {}),
        "purge": Command(manage_db.purge, manage_db.PURGE_OPTIONS),
        "online-data-migrations": Command(manage_db.online_data_migrations, manage_db.ONLINE_OPTIONS),
    },
    "fernet": {
        "generate-key": Command(manage_fernet.generate_key, {}),
        "rotate": Command(manage_fernet.rotate, {}),
    },
}


def _add_commands(topics: Any) -> None:
    for topic, verbs in COMMANDS.items():
        if "" in verbs:
            _add_command(topics, topic, verbs[""])
            continue
        commands = topics.add_parser(topic, help=", ".join(verbs)).add_subparsers(dest="verb", required=True)
        for verb, command in verbs.items():
            _add_command(commands, verb, command)


def _add_command(commands: Any, word: str, command: Command) -> None:
    said = " ".join((command.action.__doc__ or "").split())
    parser = commands.add_parser(word, help=said, description=said)
    for name, settings in command.options.items():
        parser.add_argument(name, **settings)
    parser.set_defaults(action=command.action)


TOPIC = cfg.SubCommandOpt("topic", title="commands", handler=_add_commands)


def main() -> int:
    """Entry point of baremetal-svc-manage."""
    cfg.CONF.register_cli_opt(TOPIC)
    log.register_options(cfg.CONF)
    # What the database refuses is said in one line below, without oslo.db's trace.
    logging.getLogger("oslo_db.sqlalchemy.exc_filters").setLevel(logging.CRITICAL)
    # Standard output is the answer's, which may be JSON: oslo.log would write there.
    cfg.CONF.set_default("use_stderr", True)
    try:
        conf = configuration.load(sys.argv[1:], "baremetal-svc-manage")
    except SystemExit as refused:
        # A configuration that cannot be used is 1 as everywhere, which a doctor says of findings. argparse's own codes are numbers.
        # By the words: of a file that cannot be parsed nothing is known afterwards.
        if isinstance(refused.code, str) and "doctor" in sys.argv[1:]:
            print(refused.code, file=sys.stderr)
            return manage_doctor.CANNOT_TELL
        raise
    return run(conf)


def run(conf: cfg.ConfigOpts) -> int:
    """Carry out the command that was parsed; the exit status."""
    try:
        said, status = conf.topic.action(conf)
    except FAILURES as error:
        print(told(error), file=sys.stderr)
        return 1
    except (OSError, ValueError, cfg.Error) as error:
        print(error, file=sys.stderr)
        return 1
    print(said)
    return int(status)
