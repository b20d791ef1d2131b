# SPDX-License-Identifier: Apache-2.0
"""openstack bms pool create, list, show, set, delete; bms pool overlap list. For operators."""

import argparse
from typing import Any

from osc_lib.cli import format_columns
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_LIST = (
    ("id", "ID"), ("name", "Name"), ("description", "Description"), ("all_tags", "All of"), ("any_tags", "Any of"),
    ("none_tags", "None of"), ("nodes", "Nodes"),
)  # fmt: skip
_SHOWN = (
    "id", "name", "description", "all_tags", "any_tags", "none_tags", "projects", "free_below", "nodes", "is_rebuilding", "progress",
    "created_at", "updated_at",
)  # fmt: skip
_FORMATS = dict.fromkeys(("all_tags", "any_tags", "none_tags", "projects"), format_columns.ListColumn)
_LISTS = ("all_tags", "any_tags", "none_tags")


class _OfPool(Asking):
    """About one pool."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("pool", metavar="<pool>", help="Pool (name or ID)")
        return parser


def _add_expression(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--description", metavar="<text>")
    parser.add_argument("--free-below", metavar="<number|percent%>", help="An event tells when fewer machines are free; none: never")
    parser.add_argument("--all", dest="all_tags", metavar="<tag>", action="append", help="Machines that have this; repeat: all of them")
    parser.add_argument("--any", dest="any_tags", metavar="<tag>", action="append", help="Machines that have this; repeat: one of them")
    parser.add_argument("--none", dest="none_tags", metavar="<tag>", action="append", help="Machines without this; repeat: none of them")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--project", dest="projects", metavar="<project>", action="append", help="May draw on it; repeat")
    which.add_argument("--no-project", dest="projects", action="store_const", const=[], help="Nobody may draw on it")
    which.add_argument("--all-projects", action="store_true", help="All projects may draw on it")


def _asked(asking: Asking, parsed_args: argparse.Namespace) -> dict[str, Any]:
    named = {name: getattr(parsed_args, name) for name in ("description", *_LISTS, "projects")}
    found = {name: value for name, value in named.items() if value is not None}
    if parsed_args.projects is not None:
        found["projects"] = [asking.project_id(name) for name in parsed_args.projects]
    if (below := parsed_args.free_below) is not None:
        found["free_below"] = None if below == "none" else int(below) if below.isdigit() else below
    return {**found, "projects": None} if parsed_args.all_projects else found


class CreatePool(Asking, command.ShowOne):
    """Make a pool of the machines that an expression of tags selects"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        _add_expression(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return columns.row(self.api.create_pool(parsed_args.name, **_asked(self, parsed_args)), _SHOWN, _FORMATS)


class ListPools(Asking, command.Lister):
    """List pools: machines by their tags"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.table(self.api.pools(), _LIST, _FORMATS)


class ShowPool(_OfPool, command.ShowOne):
    """Show a pool, and how far its rebuild is"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return columns.row(self.api.get_pool(self.api.find_pool(parsed_args.pool)), _SHOWN, _FORMATS)


class SetPool(_OfPool, command.ShowOne):
    """Edit a pool; each list that is named is replaced"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="<name>")
        _add_expression(parser)
        for name in _LISTS:
            parser.add_argument(f"--no-{name.partition('_')[0]}", dest=f"no_{name}", action="store_true", help="Empty that list")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values. :raises CommandError: nothing to change."""
        changes = {**_asked(self, parsed_args), **{name: [] for name in _LISTS if getattr(parsed_args, f"no_{name}")}}
        changes |= {"name": parsed_args.name} if parsed_args.name else {}
        if not changes:
            raise CommandError(
                "Say what to change: --name, --description, --all, --any, --none, --free-below, --project, --no-project or --all-projects."
            )
        return columns.row(self.api.edit_pool(self.api.find_pool(parsed_args.pool), **changes), _SHOWN, _FORMATS)


class DeletePool(_OfPool):
    """Delete a pool that no flavor draws on"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.delete_pool(self.api.find_pool(parsed_args.pool))


class ListPoolOverlaps(_OfPool, command.Lister):
    """List the pools that have machines in common with one"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        found = self.api.pool_overlaps(self.api.find_pool(parsed_args.pool))
        return columns.records(found, (("uuid", "ID"), ("name", "Name"), ("nodes", "Nodes")))
