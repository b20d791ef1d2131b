# SPDX-License-Identifier: Apache-2.0
"""openstack bms flavor list, show."""

import argparse

from osc_lib.cli import format_columns
from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_LIST = (("id", "ID"), ("name", "Name"), ("description", "Description"), ("is_public", "Public"))
_SHOWN = ("id", "name", "description", "is_public", "facts", "partitions", "image_properties", "price", "boot_mode", "raid")
#: Shown to operators only.
_OPERATORS = ("is_disabled", "resources", "resource_aggregates", "resource_traits", "pools", "created_at", "updated_at")
_FORMATS = {
    "resources": format_columns.DictColumn,
    "resource_aggregates": format_columns.DictColumn,
    "resource_traits": format_columns.DictColumn,
    "raid": format_columns.DictColumn,
    "pools": format_columns.ListColumn,
    "facts": format_columns.DictColumn,
    "partitions": format_columns.DictColumn,
    "image_properties": format_columns.DictListColumn,
}


class ListFlavors(Asking, command.Lister):
    """List flavors: what a server can be"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.table(self.api.flavors(), _LIST, _FORMATS)


class ShowFlavor(Asking, command.ShowOne):
    """Show a flavor"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("flavor", metavar="<flavor>", help="Flavor (name or ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        flavor = self.api.find_flavor(parsed_args.flavor)
        return columns.row(flavor, [*_SHOWN, *(name for name in _OPERATORS if getattr(flavor, name) is not None)], _FORMATS)
