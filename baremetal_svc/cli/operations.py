# SPDX-License-Identifier: Apache-2.0
"""openstack bms operation list, show, watch."""

import argparse
import sys

from osc_lib.cli import format_columns, pagination
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns, progress
from baremetal_svc.cli.asking import Asking
from baremetal_svc.sdk.errors import OperationFailed

_STATES = ("pending", "running", "waiting", "done", "failed", "cancelled")
_LIST = (("id", "ID"), ("kind", "Kind"), ("target_id", "Target"), ("state", "State"), ("reason", "Reason"), ("created_at", "Created"))
_SHOWN = (
    "id", "kind", "target_id", "state", "reason", "error", "steps", "attempts", "is_cancel_requested", "project_id", "request_id",
    "created_at", "updated_at", "ended_at", "deadline_at",
)  # fmt: skip
_FORMATS = {"error": format_columns.DictColumn, "steps": columns.Steps, "faults": format_columns.ListDictColumn}


class ListOperations(Asking, command.Lister):
    """List operations, newest first"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--server", metavar="<server>", help="Only those of this server (name or ID)")
        parser.add_argument("--state", metavar="<state>", choices=_STATES, help=f"Only those in this state: {', '.join(_STATES)}")
        pagination.add_marker_pagination_option_to_parser(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        query = {"state": parsed_args.state, "marker": parsed_args.marker}
        if parsed_args.server:
            query["server_id"] = self.api.find_server(parsed_args.server).id
        found = self.api.operations(max_items=parsed_args.limit, **{name: value for name, value in query.items() if value is not None})
        return columns.table(found, _LIST, _FORMATS)


class ShowOperation(Asking, command.ShowOne):
    """Show an operation and its steps"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("operation", metavar="<operation>", help="Operation (ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        operation = self.api.get_operation(parsed_args.operation)
        return columns.row(operation, [*_SHOWN, *(["faults"] if operation.faults else [])], _FORMATS)


class WatchOperation(Asking):
    """Follow an operation step by step until it ends; fail when it fails"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("operation", metavar="<operation>", nargs="?", help="Operation (ID)")
        what.add_argument("--server", metavar="<server>", help="The newest operation of this server (name or ID)")
        parser.add_argument("--timeout", metavar="<seconds>", type=float, help="Give up after so many seconds (default: never)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Draws on standard output."""
        watched = parsed_args.operation or self._newest(parsed_args.server)
        last = progress.draw(self.api.follow_operation(watched, parsed_args.timeout), sys.stdout)
        if last.state != "done":
            raise OperationFailed(last)

    def _newest(self, name: str) -> str:
        server = self.api.find_server(name)
        found = next(self.api.operations(server_id=server.id, max_items=1), None)
        if found is None:
            raise CommandError(f"Server {name} has no operation.")
        return found.id
