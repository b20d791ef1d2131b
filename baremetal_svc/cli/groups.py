# SPDX-License-Identifier: Apache-2.0
"""openstack bms server group create, list, show, delete; bms availability zone list."""

import argparse

from osc_lib.cli import format_columns
from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_LIST = (("id", "ID"), ("name", "Name"), ("policies", "Policies"), ("members", "Members"))
_SHOWN = ("id", "name", "policies", "level", "max_per_domain", "members", "project_id", "user_id", "created_at")
_FORMATS = dict.fromkeys(("policies", "members"), format_columns.ListColumn)


class _Named(Asking):
    """About one group."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("group", metavar="<group>", help="Server group (name or ID)")
        return parser


class CreateServerGroup(Asking, command.ShowOne):
    """Make a server group; servers join it by `bms server create --group`"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        policies = ("affinity", "anti-affinity", "soft-affinity", "soft-anti-affinity")
        about = "One failure domain for all members, or few in each; soft: as far as there are machines"
        parser.add_argument("--policy", choices=policies, required=True, help=about)
        parser.add_argument("--level", metavar="<level>", help="What counts as a failure domain: rack, room, ... (default: affinity zones)")
        parser.add_argument("--max-per-domain", metavar="<number>", type=int, help="Members in one failure domain (default: 1)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        rules = {name: getattr(parsed_args, name) for name in ("level", "max_per_domain") if getattr(parsed_args, name) is not None}
        return columns.row(self.api.create_server_group(parsed_args.name, parsed_args.policy, **rules), _SHOWN, _FORMATS)


class ListServerGroups(Asking, command.Lister):
    """List server groups"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--all-projects", action="store_true", help="Those of all projects (operators)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        query = {"all_projects": True} if parsed_args.all_projects else {}
        return columns.table(self.api.server_groups(**query), _LIST, _FORMATS)


class ShowServerGroup(_Named, command.ShowOne):
    """Show a server group"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return columns.row(self.api.find_server_group(parsed_args.group), _SHOWN, _FORMATS)


class DeleteServerGroup(_Named):
    """Delete a server group; its servers stay where they are"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.delete_server_group(self.api.find_server_group(parsed_args.group))


class ListZones(Asking, command.Lister):
    """List availability zones"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.records([{"name": name} for name in self.api.availability_zones()], (("name", "Name"),))
