# SPDX-License-Identifier: Apache-2.0
"""openstack bms keypair create, list, delete."""

import argparse
from pathlib import Path

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_LIST = (("name", "Name"), ("fingerprint", "Fingerprint"), ("type", "Type"))
_SHOWN = ("name", "fingerprint", "type", "user_id", "created_at")


class CreateKeyPair(Asking, command.ShowOne):
    """Import a public key, or generate a pair; a generated private key is shown this once"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        parser.add_argument("--public-key", metavar="<file>", type=Path, help="File with the public key or certificate to import")
        parser.add_argument("--type", choices=("ssh", "x509"), default="ssh", help="x509: a certificate that logs in to Windows")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values; the private key among them where there is one."""
        pair = self.api.create_key_pair(parsed_args.name, _text(parsed_args.public_key), parsed_args.type)
        return columns.row(pair, [*_SHOWN, *(["private_key"] if pair.private_key else [])], {})


class ListKeyPairs(Asking, command.Lister):
    """List key pairs"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.table(self.api.key_pairs(), _LIST, {})


class DeleteKeyPairs(Asking):
    """Delete key pairs; servers that have them keep them"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("names", metavar="<name>", nargs="+")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """One after the other."""
        for name in parsed_args.names:
            self.api.delete_key_pair(name)


def _text(path: Path | None) -> str | None:
    try:
        return None if path is None else path.expanduser().read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}.") from error
