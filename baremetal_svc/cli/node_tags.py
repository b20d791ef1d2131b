# SPDX-License-Identifier: Apache-2.0
"""openstack bms node tag list, add, remove, set, history, change. For operators."""

import argparse
from typing import Any

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_CHANGES = (("at", "At"), ("tag", "Tag"), ("change", "Change"), ("user_id", "User"), ("request_id", "Request"))
_COUNTS = ("matched", "changed", "moved", "dry_run")


class _OfNode(Asking):
    """About one machine, and perhaps tags."""

    with_tags = False

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("node", metavar="<node>", help="Machine (name or ID)")
        if self.with_tags:
            parser.add_argument("tags", metavar="<tag>", nargs="+")
        return parser

    def node(self, parsed_args: argparse.Namespace) -> str:
        """Its id."""
        return str(self.api.find_node(parsed_args.node).id)


def _listed(tags: list[str]) -> columns.Table:
    return columns.records([{"tag": tag} for tag in tags], (("tag", "Tag"),))


class ListNodeTags(_OfNode, command.Lister):
    """List the tags of a machine"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return _listed(self.api.node_tags(self.node(parsed_args)))


class AddNodeTags(_OfNode):
    """Put tags on a machine"""

    with_tags = True

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        # All or none.
        self.api.change_tags_of_nodes({"node_ids": [self.node(parsed_args)]}, add=parsed_args.tags)


class RemoveNodeTags(_OfNode):
    """Take tags off a machine"""

    with_tags = True

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        node = self.node(parsed_args)
        if missing := sorted(set(parsed_args.tags) - set(self.api.node_tags(node))):
            raise CommandError(f"Machine {parsed_args.node} has no tag {missing[0]!r}; nothing was changed.")
        self.api.change_tags_of_nodes({"node_ids": [node]}, remove=parsed_args.tags)


class SetNodeTags(_OfNode, command.Lister):
    """Give a machine these tags and no others, but for those of its aggregates"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--tag", metavar="<tag>", action="append", default=[], help="Repeat for several")
        parser.add_argument("--no-tag", action="store_true", help="Take away all others")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows. :raises CommandError: nothing to change."""
        if not (parsed_args.tag or parsed_args.no_tag):
            raise CommandError("Say which tags: --tag for each, or --no-tag for none.")
        return _listed(self.api.set_node_tags(self.node(parsed_args), parsed_args.tag))


class ListNodeTagChanges(_OfNode, command.Lister):
    """List who changed which tag of a machine, newest first"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return columns.records(self.api.node_tag_changes(self.node(parsed_args)), _CHANGES)


class ChangeTagsOfNodes(Asking, command.ShowOne):
    """Change the tags of all machines that a filter selects, or of none"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        for name, about in (
            ("--with", "Those that have this tag; repeat: all of them"),
            ("--with-any", "Those that have this tag; repeat: one of them"),
            ("--without", "Those that do not have this tag; repeat: none of them"),
            ("--add", "Put this tag on; repeat"),
            ("--remove", "Take this tag off; repeat"),
        ):
            parser.add_argument(name, metavar="<tag>", action="append", default=[], help=about)
        parser.add_argument("--node", metavar="<node>", action="append", default=[], help="This machine (name or ID); repeat")
        parser.add_argument("--pool", metavar="<pool>", help="Members of this pool (name or ID)")
        parser.add_argument("--dry-run", action="store_true", help="Only count")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """The counts. :raises CommandError: nothing selects."""
        asked = vars(parsed_args)
        wanted: dict[str, Any] = {"all": asked["with"], "any": asked["with_any"], "none": asked["without"]}
        wanted["pool"] = None if asked["pool"] is None else self.api.find_pool(asked["pool"]).id
        wanted["node_ids"] = [self.api.find_node(name).id for name in asked["node"]]
        selected = {name: value for name, value in wanted.items() if value}
        if not selected:
            raise CommandError("Say which machines: --with, --with-any, --without, --node or --pool.")
        done = self.api.change_tags_of_nodes(selected, add=asked["add"], remove=asked["remove"], dry_run=asked["dry_run"])
        return _COUNTS, [done[name] for name in _COUNTS]
