# SPDX-License-Identifier: Apache-2.0
"""openstack bms pool capacity show, list, history; bms pool forecast show; bms capacity show."""

import argparse
import uuid
from typing import Any

from openstack import exceptions
from osc_lib.cli import format_columns
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_STATES = (
    ("total", "Total"), ("free", "Free"), ("in_use", "In use"), ("cleaning", "Cleaning"), ("maintenance", "Maintenance"),
    ("failed", "Failed"), ("reserved", "Reserved"), ("used_elsewhere", "Used elsewhere"), ("unavailable", "Unavailable"), ("gone", "Gone"),
)  # fmt: skip
#: --by -> (where it is in the answer, what is named, heading)
_PARTS = {
    "flavor": ("flavors", "name", "Flavor"),
    "class": ("resource_classes", "resource_class", "Class"),
    "domain": ("failure_domains", "domain", "Domain"),
}


class _OfPool(Asking):
    """About one pool."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("pool", metavar="<pool>", help="Pool (name or ID; the ID, unless you are an operator)")
        return parser

    def pool_id(self, name_or_id: str) -> str:
        """Its id; whoever may not see pools names them by it. :raises CommandError: he did not."""
        try:
            return str(uuid.UUID(name_or_id))
        except ValueError:
            try:
                return str(self.api.find_pool(name_or_id).id)
            except exceptions.ForbiddenException as error:
                raise CommandError(f"Give the ID of the pool {name_or_id}: operators alone look pools up by their names.") from error


class ShowPoolCapacity(_OfPool, command.ShowOne):
    """Show what the machines of a pool do; to a project, how many servers of each flavor it could get out of it"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        found = self.api.pool_capacity(self.pool_id(parsed_args.pool))
        shown: dict[str, Any] = {name: found[name] for name in ("uuid", "name", "as_of") if name in found}
        shown |= found.get("nodes", {})
        shown |= {name: found[name] for name in ("free_now", "free_below", "low") if name in found}
        flavors = {one["name"]: one.get("available", one.get("free_now")) for one in found["flavors"]}
        shown["flavors"] = format_columns.DictColumn(flavors)
        return list(shown), list(shown.values())


class ListPoolCapacity(_OfPool, command.Lister):
    """List what the machines of a pool do, by flavor, resource class or failure domain"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--by", choices=sorted(_PARTS), default="flavor", help="default: flavor")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows. :raises CommandError: the caller is no operator."""
        found = self.api.pool_capacity(self.pool_id(parsed_args.pool))
        where, name, heading = _PARTS[parsed_args.by]
        if "nodes" not in found:
            raise CommandError("That is for operators: bms pool capacity show says what your project could get.")
        return columns.records([_flat(part, name) for part in found[where]], ((name, heading), *_STATES))


class ListPoolHistory(_OfPool, command.Lister):
    """List what the machines of a pool did hour by hour, newest first"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--since", metavar="<time>", help="2026-11-29T17:00:00Z")
        parser.add_argument("--until", metavar="<time>", help="Hours before that")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        query = {name: value for name in ("since", "until") if (value := getattr(parsed_args, name)) is not None}
        hours = self.api.pool_history(self.pool_id(parsed_args.pool), **query)
        return columns.records([_flat(hour, "at") for hour in hours], (("at", "Hour"), *_STATES))


class ShowPoolForecast(_OfPool, command.ShowOne):
    """Show the trend of what is free in a pool, and the day on which nothing would be"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--weeks", metavar="<number>", type=int, help="Weeks that the trend is made of (default: 4)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        found = self.api.pool_forecast(self.pool_id(parsed_args.pool), parsed_args.weeks)
        return list(found), list(found.values())


class ShowCapacity(Asking, command.ShowOne):
    """Show how many servers of a flavor could be had now, and what bounds it"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--flavor", metavar="<flavor>", required=True, help="Flavor (name or ID)")
        parser.add_argument("--count", metavar="<number>", type=int, help="Servers (default: as many as one request may create)")
        parser.add_argument("--group", metavar="<server-group>", help="Server group that they would join (name or ID)")
        parser.add_argument("--availability-zone", metavar="<zone>")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        group = None if parsed_args.group is None else self.api.find_server_group(parsed_args.group).id
        asked = {"count": parsed_args.count, "group": group, "availability_zone": parsed_args.availability_zone}
        query = {name: value for name, value in asked.items() if value is not None}
        found = self.api.capacity(self.api.find_flavor(parsed_args.flavor), **query)
        return list(found), list(found.values())


def _flat(part: dict[str, Any], name: str) -> dict[str, Any]:
    """The numbers of a part beside its name."""
    return {name: part[name], **part["nodes"]}
