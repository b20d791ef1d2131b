# SPDX-License-Identifier: Apache-2.0
"""openstack bms server set, lock, unlock, rebuild; bms operation cancel."""

import argparse

from osc_lib.cli import parseractions
from osc_lib.exceptions import CommandError

from baremetal_svc.cli.asking import Asking, add_waiting
from baremetal_svc.cli.servers import named


class SetServer(Asking):
    """Rename a server, describe it, change its properties and tags"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        parser.add_argument("--name", metavar="<name>")
        parser.add_argument("--description", metavar="<text>")
        parser.add_argument("--property", metavar="<key=value>", action=parseractions.KeyValueAction, help="Metadata to set; repeat")
        parser.add_argument("--remove-property", metavar="<key>", action="append", default=[], help="Metadata to remove; repeat")
        parser.add_argument("--tag", metavar="<tag>", action="append", help="The tags from now on; repeat")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """All that is edited is edited at once, or nothing; tags after it."""
        fields = {"/name": parsed_args.name, "/description": parsed_args.description}
        fields |= {metadata_path(key): value for key, value in (parsed_args.property or {}).items()}
        patch = [{"op": "add", "path": path, "value": value} for path, value in fields.items() if value is not None]
        patch += [{"op": "remove", "path": metadata_path(key)} for key in parsed_args.remove_property]
        if not patch and parsed_args.tag is None:
            raise CommandError("Say what to set.")
        server = self.api.find_server(parsed_args.server)
        if patch:
            self.api.update_server(server, patch)
        if parsed_args.tag is not None:
            self.api.set_server_tags(server, parsed_args.tag)


class _Lock(Asking):
    """The lock of servers."""

    locked = True

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("servers", metavar="<server>", nargs="+", help="Servers (names or IDs)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is locked when one of the names fits nothing."""
        for server in named(self.api, parsed_args.servers):
            self.api.lock_server(server, locked=self.locked)


class LockServers(_Lock):
    """Lock servers: nobody but operators switches, rebuilds, connects or deletes them"""


class UnlockServers(_Lock):
    """Unlock servers"""

    locked = False


class RebuildServer(Asking):
    """Install an image anew on a server's machine: its disk is written over"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        parser.add_argument("--image", metavar="<image>", help="Image (name or ID); by default the one that it has")
        parser.add_argument("--preserve-ephemeral", action="store_true", help="Leave the ephemeral partition as it is")
        add_waiting(parser, "the server is active again")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        image = None if parsed_args.image is None else self.id_of("image", parsed_args.image)
        server = self.api.find_server(parsed_args.server)
        operation = self.api.rebuild_server(server, image, preserve_ephemeral=parsed_args.preserve_ephemeral)
        if parsed_args.wait:
            self.await_all([operation], parsed_args.timeout)


class CancelOperation(Asking):
    """Have an operation stop before its next step and undo what it did"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="<operation>", help="Operation (ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed: watch the operation to see its end."""
        self.api.cancel_operation(parsed_args.operation)


def metadata_path(key: str) -> str:
    """Where JSON Patch finds an entry of metadata. Source: RFC 6901."""
    return "/metadata/" + key.replace("~", "~0").replace("/", "~1")
