# SPDX-License-Identifier: Apache-2.0
"""openstack bms aggregate ..., bms manageable server list, bms server adopt, release. For operators."""

import argparse

from osc_lib.cli import format_columns, parseractions
from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking, add_waiting
from baremetal_svc.cli.servers import shown

_LIST = (("id", "ID"), ("name", "Name"), ("metadata", "Properties"))
_FORMATS = {"metadata": format_columns.DictColumn}
_MANAGEABLE = (
    ("uuid", "ID"), ("name", "Name"), ("resource_class", "Resource Class"), ("power_state", "Power"), ("image_source", "Image"),
)  # fmt: skip


class _OfAggregate(Asking):
    """About one aggregate, and perhaps a machine of it."""

    with_node = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("aggregate", metavar="<aggregate>", help="Aggregate (name or ID)")
        if self.with_node:
            parser.add_argument("node", metavar="<node>", help="Machine (name)")
        return parser


class CreateAggregate(Asking, command.ShowOne):
    """Make an aggregate: its machines carry its properties as tags"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        what = "Tag of its machines; availability_zone and affinity_zone are zones; repeat"
        parser.add_argument("--property", metavar="<key=value>", action=parseractions.KeyValueAction, help=what)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        made = self.api.create_aggregate(parsed_args.name, parsed_args.property or {})
        return columns.row(made, [name for name, _ in _LIST], _FORMATS)


class ListAggregates(Asking, command.Lister):
    """List aggregates"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.table(self.api.aggregates(), _LIST, _FORMATS)


class ListAggregateNodes(_OfAggregate, command.Lister):
    """List the machines of an aggregate"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        names = self.api.aggregate_nodes(self.api.find_aggregate(parsed_args.aggregate))
        return columns.records([{"name": name} for name in names], (("name", "Name"),))


class DeleteAggregate(_OfAggregate):
    """Delete an aggregate and take its tags off its machines"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.delete_aggregate(self.api.find_aggregate(parsed_args.aggregate))


class AddAggregateNode(_OfAggregate):
    """Add a machine to an aggregate"""

    with_node = True

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.add_aggregate_node(self.api.find_aggregate(parsed_args.aggregate), parsed_args.node)


class RemoveAggregateNode(_OfAggregate):
    """Take a machine out of an aggregate"""

    with_node = True

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.remove_aggregate_node(self.api.find_aggregate(parsed_args.aggregate), parsed_args.node)


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
