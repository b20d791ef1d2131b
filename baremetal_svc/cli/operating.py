# SPDX-License-Identifier: Apache-2.0
"""openstack bms manageable server list, bms server adopt, release. For operators."""

import argparse

from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking, add_waiting
from baremetal_svc.cli.servers import shown

_MANAGEABLE = (
    ("uuid", "ID"), ("name", "Name"), ("resource_class", "Resource Class"), ("power_state", "Power"), ("image_source", "Image"),
)  # fmt: skip


class ListManageable(Asking, command.Lister):
    """List machines that run and could be adopted"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.records(self.api.manageable_servers(), _MANAGEABLE)


class AdoptServer(Asking, command.ShowOne):
    """Make a server of a machine that runs"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Name of the server")
        parser.add_argument("node", metavar="<node>", help="Machine (name or ID)")
        parser.add_argument("--project", metavar="<project>", help="Owner (name or ID); by default the project that asks")
        add_waiting(parser, "it is adopted")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """The server, as it is now."""
        owner = {"project_id": self.project_id(parsed_args.project)} if parsed_args.project else {}
        server = self.api.adopt_server(parsed_args.name, self.api.find_node(parsed_args.node).id, **owner)
        if parsed_args.wait:
            self.await_all([server.operation_id], parsed_args.timeout)
            server = self.api.get_server(server)
        return shown(server)


class ReleaseServer(Asking):
    """Let an adopted machine go as it is"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        add_waiting(parser, "it is let go")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        operation = self.api.release_server(self.api.find_server(parsed_args.server, all_projects=True))
        if parsed_args.wait:
            self.await_all([operation], parsed_args.timeout)
