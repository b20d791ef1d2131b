# SPDX-License-Identifier: Apache-2.0
"""openstack bms aggregate ...: machines with tags in common. For operators."""

import argparse

from osc_lib.cli import format_columns, parseractions
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking
from baremetal_svc.cli.changing import metadata_path
from baremetal_svc.sdk.resources import Aggregate

_LIST = (("id", "ID"), ("name", "Name"), ("metadata", "Properties"))
_FORMATS = {"metadata": format_columns.DictColumn}


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
        return _row(self.api.create_aggregate(parsed_args.name, parsed_args.property or {}))


class ListAggregates(Asking, command.Lister):
    """List aggregates"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.table(self.api.aggregates(), _LIST, _FORMATS)


class ShowAggregate(_OfAggregate, command.ShowOne):
    """Show an aggregate"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return _row(self.api.find_aggregate(parsed_args.aggregate))


class SetAggregate(_OfAggregate, command.ShowOne):
    """Rename an aggregate, or change its properties: its machines' tags follow"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="<name>")
        parser.add_argument("--property", metavar="<key=value>", action=parseractions.KeyValueAction, help="Beside the others; repeat")
        parser.add_argument("--no-property", action="store_true", help="Take away those that are not given")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values. :raises CommandError: nothing to change."""
        fields = {"/name": parsed_args.name, "/metadata": {} if parsed_args.no_property else None}
        fields |= {metadata_path(key): value for key, value in (parsed_args.property or {}).items()}
        patch = [{"op": "add", "path": path, "value": value} for path, value in fields.items() if value is not None]
        if not patch:
            raise CommandError("Say what to change: --name, --property, --no-property.")
        return _row(self.api.update_aggregate(self.api.find_aggregate(parsed_args.aggregate), patch))


class UnsetAggregate(_OfAggregate, command.ShowOne):
    """Take properties off an aggregate, and their tags off its machines"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--property", metavar="<key>", action="append", required=True, help="Repeat for several")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values. :raises CommandError: it has no such property."""
        aggregate = self.api.find_aggregate(parsed_args.aggregate)
        if missing := sorted(set(parsed_args.property) - set(aggregate.metadata)):
            raise CommandError(f"Aggregate {aggregate.name} has no property {missing[0]!r}; nothing was changed.")
        patch = [{"op": "remove", "path": metadata_path(key)} for key in parsed_args.property]
        return _row(self.api.update_aggregate(aggregate, patch))


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


def _row(aggregate: Aggregate) -> columns.Row:
    return columns.row(aggregate, [name for name, _ in _LIST], _FORMATS)
