# SPDX-License-Identifier: Apache-2.0
"""openstack bms reservation create, list, show, set, delete."""

import argparse

from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_LIST = (
    ("id", "ID"), ("name", "Name"), ("status", "Status"), ("count", "Count"), ("in_use", "In use"), ("ready", "Ready"), ("until", "Until"),
)  # fmt: skip
_SHOWN = (
    "id", "name", "status", "flavor_id", "availability_zone", "count", "in_use", "ready", "until", "ended_at", "project_id", "user_id",
    "created_at",
)  # fmt: skip
_UNTIL = "When it ends (ISO 8601, such as 2030-01-31T18:00Z; without an offset in UTC)"


class _Named(Asking):
    """About one reservation."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("reservation", metavar="<reservation>", help="Reservation (name or ID)")
        return parser


class CreateReservation(Asking, command.ShowOne):
    """Hold machines for the project; `bms server create --reservation` uses them"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>")
        parser.add_argument("--flavor", metavar="<flavor>", required=True, help="Flavor (name or ID)")
        parser.add_argument("--count", metavar="<count>", type=int, default=1, help="How many machines: all of them, or none (default: 1)")
        parser.add_argument("--until", metavar="<time>", required=True, help=_UNTIL)
        parser.add_argument("--availability-zone", metavar="<zone>")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        zone = {"availability_zone": parsed_args.availability_zone} if parsed_args.availability_zone else {}
        flavor = self.api.find_flavor(parsed_args.flavor)
        return columns.row(
            self.api.create_reservation(parsed_args.name, flavor.id, parsed_args.count, parsed_args.until, **zone), _SHOWN, {}
        )


class ListReservations(Asking, command.Lister):
    """List reservations"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--status", choices=("active", "ended"), help="Those that last, or those that are over")
        parser.add_argument("--all-projects", action="store_true", help="Those of all projects (operators)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        query = {"all_projects": True} if parsed_args.all_projects else {}
        query |= {"status": parsed_args.status} if parsed_args.status else {}
        wanted = (*_LIST, ("project_id", "Project ID")) if parsed_args.all_projects else _LIST
        return columns.table(self.api.reservations(**query), wanted, {})


class ShowReservation(_Named, command.ShowOne):
    """Show a reservation; operators see its machines"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        found = self.api.get_reservation(self.api.find_reservation(parsed_args.reservation))
        names, values = columns.row(found, _SHOWN, {})
        return (*names, "nodes"), (*values, ", ".join(node["name"] for node in found.nodes))


class SetReservation(_Named, command.ShowOne):
    """Rename a reservation, or let it end at another time"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--name", metavar="<name>")
        parser.add_argument("--until", metavar="<time>", help=_UNTIL)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values. :raises CommandError: nothing to change."""
        changes = {name: getattr(parsed_args, name) for name in ("name", "until") if getattr(parsed_args, name)}
        if not changes:
            raise CommandError("Say what to change: --name or --until.")
        return columns.row(self.api.edit_reservation(self.api.find_reservation(parsed_args.reservation), **changes), _SHOWN, {})


class DeleteReservation(_Named):
    """End a reservation now; its servers stay"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.delete_reservation(self.api.find_reservation(parsed_args.reservation))
