# SPDX-License-Identifier: Apache-2.0
"""openstack bms server retry, reset; bms fault list, clear."""

import argparse
from pathlib import Path

from osc_lib.cli import parseractions
from osc_lib.command import command

from baremetal_svc.cli import columns, files
from baremetal_svc.cli.asking import Asking, add_waiting


class RetryServer(Asking):
    """Begin again what brought a server to error"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        parser.add_argument("--user-data", metavar="<file>", type=Path, help="User data, if its create had some: it was not kept")
        parser.add_argument("--public-key", metavar="<file>", type=Path, help="Public key, if its create had one without a name")
        parser.add_argument("--admin-pass", metavar="<password>", help="Password, if its create had one")
        what = "File at a path of its own, if its create had one; repeat"
        parser.add_argument("--file", metavar="<path=file>", action=parseractions.KeyValueAction, help=what)
        add_waiting(parser, "it is done")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        given = {
            "user_data": files.encoded(parsed_args.user_data),
            "public_key": files.text(parsed_args.public_key),
            "adminPass": parsed_args.admin_pass,
            "personality": files.placed(parsed_args.file),
        }
        again = {name: value for name, value in given.items() if value is not None}
        operation = self.api.retry_server(self.api.find_server(parsed_args.server), **again)
        if parsed_args.wait:
            self.await_all([operation], parsed_args.timeout)


class ResetServer(Asking):
    """Set the status of a server to what its machine shows (operators)"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """The status from now on."""
        self.app.stdout.write(f"{self.api.reset_server(self.api.find_server(parsed_args.server, all_projects=True))}\n")


class ListAllFaults(Asking, command.Lister):
    """List faults of machines, servers and operations, newest first (operators)"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--open", action="store_true", help="Only those that are not cleared")
        parser.add_argument(
            "--kind", metavar="<kind>", choices=["node", "server", "operation", "pool", "reservation"], help="Only those of nodes, say"
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        query = {"open": "true"} if parsed_args.open else {}
        query |= {"target_kind": parsed_args.kind} if parsed_args.kind else {}
        wanted = (
            ("uuid", "ID"), ("target_kind", "Kind"), ("target_uuid", "Target"), ("code", "Code"), ("message", "Message"),
            ("created_at", "Time"), ("cleared_at", "Cleared"),
        )  # fmt: skip
        return columns.records(self.api.faults(**query), wanted)


class ClearFaults(Asking):
    """Clear faults: a machine without open ones may be offered again (operators)"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("faults", metavar="<fault>", nargs="+", help="Faults (IDs)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        for fault in parsed_args.faults:
            self.api.clear_fault(fault)
