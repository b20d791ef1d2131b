# SPDX-License-Identifier: Apache-2.0
"""openstack bms flavor list, show; for operators create, set, delete."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from osc_lib.cli import format_columns, parseractions
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking
from baremetal_svc.sdk.resources import Flavor

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
#: Fields of the API that an option of the same name gives as it is.
_PLAIN = ("description", "facts", "partitions", "image_properties", "raid")


class _Flavors(Asking):
    """Shows one flavor, makes or edits one."""

    def _row(self, flavor: Flavor) -> columns.Row:
        known = [name for name in _OPERATORS if getattr(flavor, name) is not None]
        names, values = columns.row(flavor, [*_SHOWN, *known], _FORMATS)
        if not known or flavor.is_public:
            return names, values
        return [*names, "projects"], [*values, format_columns.ListColumn(self.api.flavor_access(flavor))]

    def _asked(self, parsed_args: argparse.Namespace) -> dict[str, Any]:
        found = {name: value for name in _PLAIN if (value := getattr(parsed_args, name)) is not None}
        if parsed_args.pools is not None:
            found["pools"] = [self.api.find_pool(pool).id for pool in parsed_args.pools]
        if parsed_args.traits is not None:
            found["resource_traits"] = dict.fromkeys(parsed_args.traits, "required")
        for name, none in (("price", "none"), ("boot_mode", "any")):
            if (value := getattr(parsed_args, name)) is not None:
                found[name] = None if value == none else value
        for name in ("is_public", "disabled"):
            if (flag := getattr(parsed_args, name)) is not None:
                found[name] = flag
        return found

    def _projects(self, names: Sequence[str] | None, *, gone: bool = False) -> list[str]:
        """Looked up before anything is made or edited."""
        return [self.project_id(name, gone=gone) for name in names or ()]

    def _grant(self, flavor: Flavor, project_ids: Sequence[str]) -> None:
        for project_id in project_ids:
            self.api.add_flavor_access(flavor, project_id)


class ListFlavors(Asking, command.Lister):
    """List flavors: what a server can be"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.table(self.api.flavors(), _LIST, _FORMATS)


class ShowFlavor(_Flavors, command.ShowOne):
    """Show a flavor"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("flavor", metavar="<flavor>", help="Flavor (name or ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return self._row(self.api.find_flavor(parsed_args.flavor))


class CreateFlavor(_Flavors, command.ShowOne):
    """Make a flavor of the machines of a resource class"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        parser.add_argument("--resource-class", metavar="<class>", required=True, help="Resource class of its machines in Ironic")
        parser.add_argument(
            "--aggregate-property",
            metavar="<key=value>",
            action=parseractions.KeyValueAction,
            help="Of its machines' aggregates; repeat",
        )
        _add_fields(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        more = self._asked(parsed_args)
        if parsed_args.aggregate_property:
            more["resource_aggregates"] = parsed_args.aggregate_property
        description = more.pop("description", parsed_args.name)
        allowed = self._projects(parsed_args.projects)
        flavor = self.api.create_flavor(parsed_args.name, description, parsed_args.resource_class, **more)
        self._grant(flavor, allowed)
        return self._row(flavor)


class SetFlavor(_Flavors, command.ShowOne):
    """Edit a flavor; servers that exist keep what it said"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("flavor", metavar="<flavor>", help="Flavor (name or ID)")
        parser.add_argument("--name", metavar="<name>")
        parser.add_argument("--remove-project", metavar="<project>", action="append", default=[], help="May ask for it no more; repeat")
        _add_fields(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values. :raises CommandError: nothing to change."""
        changes = self._asked(parsed_args) | ({"name": parsed_args.name} if parsed_args.name else {})
        if not changes and not parsed_args.projects and not parsed_args.remove_project:
            raise CommandError("Say what to change: --name, --description, --disable, --pool, --project, ...")
        flavor, allowed = self.api.find_flavor(parsed_args.flavor), self._projects(parsed_args.projects)
        removed = self._projects(parsed_args.remove_project, gone=True)
        if changes:
            flavor = self.api.edit_flavor(flavor, **changes)
        self._grant(flavor, allowed)
        for project_id in removed:
            self.api.remove_flavor_access(flavor, project_id)
        return self._row(flavor)


class DeleteFlavors(Asking):
    """Delete flavors that no server has; others can be disabled"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("flavors", metavar="<flavor>", nargs="+", help="Flavor (name or ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """One after the other."""
        for flavor in parsed_args.flavors:
            self.api.delete_flavor(self.api.find_flavor(flavor))


def _add_fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--description", metavar="<text>")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--public", dest="is_public", action="store_true", default=None, help="All projects may ask for it")
    which.add_argument("--private", dest="is_public", action="store_false", default=None, help="Only projects that are named")
    parser.add_argument("--project", dest="projects", metavar="<project>", action="append", help="May ask for a private one; repeat")
    able = parser.add_mutually_exclusive_group()
    able.add_argument("--disable", dest="disabled", action="store_true", default=None, help="No new servers of it")
    able.add_argument("--enable", dest="disabled", action="store_false", default=None)
    pools, traits = parser.add_mutually_exclusive_group(), parser.add_mutually_exclusive_group()
    pools.add_argument("--pool", dest="pools", metavar="<pool>", action="append", help="Pool (name or ID) it draws on; repeat, best first")
    pools.add_argument("--no-pool", dest="pools", action="store_const", const=[], help="Draws on the pool of all machines")
    traits.add_argument("--trait", dest="traits", metavar="<trait>", action="append", help="That its machines must have; repeat")
    traits.add_argument("--no-trait", dest="traits", action="store_const", const=[])
    parser.add_argument("--boot-mode", choices=("bios", "uefi", "any"))
    parser.add_argument("--price", metavar="<text>", help="Price tag; none: none")
    for name, example in (
        ("facts", '{"cpus": 64, "memory_mb": 524288}'),
        ("partitions", '{"root_gb": 100, "swap_mb": 0}'),
        ("image-properties", '{"os_distro": ["debian", "rhel"]}'),
        ("raid", '{"logical_disks": [{"raid_level": "1", "size_gb": "MAX"}]}'),
    ):
        parser.add_argument(f"--{name}", metavar="<json|@file>", type=_json, help=f"For example {example}; {{}} takes it away")


def _json(text: str) -> Any:
    try:
        return json.loads(Path(text[1:]).expanduser().read_text() if text.startswith("@") else text)
    except (OSError, ValueError) as error:
        raise argparse.ArgumentTypeError(f"{text} is not JSON, nor @ and the name of a file of it: {error}") from error
