# SPDX-License-Identifier: Apache-2.0
"""openstack bms keypair create, list, delete."""

import argparse
import base64
from pathlib import Path

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns, files
from baremetal_svc.cli.asking import Asking
from baremetal_svc.sdk.resources import KeyPair

_LIST = (("name", "Name"), ("fingerprint", "Fingerprint"), ("type", "Type"))
_SHOWN = ("name", "fingerprint", "type", "user_id", "created_at")


class CreateKeyPair(Asking, command.ShowOne):
    """Import a public key, or generate a pair; a generated private key is shown this once"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        parser.add_argument("--public-key", metavar="<file>", type=Path, help="File with the public key or certificate to import")
        parser.add_argument("--private-key", metavar="<file>", type=Path, help="New file for a generated private key; x509: in PKCS#12")
        parser.add_argument("--type", choices=("ssh", "x509"), default="ssh", help="x509: a certificate that logs in to Windows")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values. A private key goes into its file; into a table nothing but it, so that it can be redirected."""
        if parsed_args.private_key and parsed_args.public_key:
            raise CommandError("--private-key is for a pair that is generated: leave --public-key out.")
        if parsed_args.private_key:
            # Opened first: a key that could not be written would be lost, since it is shown once.
            with files.new_secret(parsed_args.private_key) as file:
                pair = self.api.create_key_pair(parsed_args.name, None, parsed_args.type)
                file.write(_bytes(pair))
            return columns.row(pair, _SHOWN, {})
        pair = self.api.create_key_pair(parsed_args.name, files.text(parsed_args.public_key), parsed_args.type)
        if not pair.private_key:
            return columns.row(pair, _SHOWN, {})
        if parsed_args.formatter == "table":
            self.app.stdout.write(pair.private_key)
            return (), ()
        return columns.row(pair, [*_SHOWN, "private_key"], {})


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


def _bytes(pair: KeyPair) -> bytes:
    return base64.b64decode(pair.private_key) if pair.type == "x509" else pair.private_key.encode()
