# SPDX-License-Identifier: Apache-2.0
"""openstack bms node list, show; node failure domain set, unset. For operators."""

import argparse

from osc_lib.cli import format_columns, pagination
from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_LIST = (
    ("id", "ID"), ("name", "Name"), ("resource_class", "Resource Class"), ("provision_state", "State"), ("power_state", "Power"),
    ("is_offered", "Offered"), ("pools", "Pools"),
)  # fmt: skip
_LONG = (*_LIST, ("tags", "Tags"), ("traits", "Traits"), ("failure_domain", "Failure Domain"), ("is_maintenance", "Maintenance"))
_SHOWN = (
    "id", "name", "resource_class", "provision_state", "power_state", "is_maintenance", "is_offered", "server_id", "pools", "tags",
    "traits", "capabilities", "owner", "lessee", "conductor_group", "shard", "is_retired", "is_protected", "health", "failure_domain",
    "failure_domain_source", "observed_at",
)  # fmt: skip
_FORMATS = {**dict.fromkeys(("pools", "tags", "traits"), format_columns.ListColumn), "capabilities": format_columns.DictColumn}


class ListNodes(Asking, command.Lister):
    """List machines"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--long", action="store_true", help="More about each")
        pagination.add_marker_pagination_option_to_parser(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        marker = {} if parsed_args.marker is None else {"marker": parsed_args.marker}
        found = self.api.nodes(max_items=parsed_args.limit, **marker)
        return columns.table(found, _LONG if parsed_args.long else _LIST, _FORMATS)


class _OfNode(Asking):
    """About one machine."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="<node>", help="Machine (name or ID)")
        return parser


class ShowNode(_OfNode, command.ShowOne):
    """Show a machine, and the server that has it"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return columns.row(self.api.get_node(self.api.find_node(parsed_args.node)), _SHOWN, _FORMATS)


class SetFailureDomain(_OfNode):
    """Say where a machine stands, whatever Ironic says of it"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("path", metavar="<path>", help="Such as dc1/room2/row3/rack7, the widest place first")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.set_failure_domain(self.api.find_node(parsed_args.node), parsed_args.path)


class UnsetFailureDomain(_OfNode):
    """Have Ironic say again where a machine stands"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.unset_failure_domain(self.api.find_node(parsed_args.node))
