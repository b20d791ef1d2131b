# SPDX-License-Identifier: Apache-2.0
"""openstack bms server create, list, show, delete."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from osc_lib.cli import format_columns, pagination, parseractions
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns, files
from baremetal_svc.cli.asking import Asking, add_waiting
from baremetal_svc.sdk.proxy import Proxy
from baremetal_svc.sdk.resources import Server

_SHOWN = (
    "id", "name", "description", "status", "power_state", "flavor_id", "image_id", "addresses", "metadata", "partitions", "key_name",
    "availability_zone", "reservation_id", "tags", "is_locked", "project_id", "user_id", "launched_at", "created_at", "updated_at",
)  # fmt: skip
_FORMATS = {
    **dict.fromkeys(("metadata", "partitions", "fault"), format_columns.DictColumn),
    "addresses": columns.Addresses,
    "tags": format_columns.ListColumn,
}
_KINDS = {"net_id": "network", "port_id": "port"}
_LIST = (("id", "ID"), ("name", "Name"), ("status", "Status"), ("power_state", "Power"))
_LONG = (
    *_LIST, ("flavor_id", "Flavor"), ("image_id", "Image"), ("addresses", "Addresses"), ("is_locked", "Locked"), ("project_id", "Project"),
    ("created_at", "Created"),
)  # fmt: skip


def shown(server: Server) -> columns.Row:
    """A server as ShowOne wants it; fault and node where there are any."""
    names = [*_SHOWN, *(name for name in ("fault", "node") if getattr(server, name) is not None)]
    return columns.row(server, names, _FORMATS)


class CreateServer(Asking, command.ShowOne):
    """Ask for a server, or for several of a kind"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("name", metavar="<name>", help="Name; with --max above 1 the servers are <name>-1, <name>-2, ...")
        parser.add_argument("--flavor", metavar="<flavor>", required=True, help="Flavor (name or ID)")
        parser.add_argument("--image", metavar="<image>", required=True, help="Image (name or ID)")
        parser.add_argument("--network", metavar="<network>", action=_Network, dest="networks", help="A NIC on a network (name or ID)")
        parser.add_argument("--port", metavar="<port>", action=_Network, dest="networks", help="A NIC with a port (name or ID)")
        parser.add_argument("--key-name", metavar="<key-pair>", help="Key pair of yours whose public key the server gets")
        parser.add_argument("--public-key", metavar="<file>", type=Path, help="File with a public key that the server gets")
        parser.add_argument("--admin-pass", metavar="<password>", help="Password of its administrator")
        parser.add_argument("--user-data", metavar="<file>", type=Path, help="File that the server gets as user data")
        what = "File that it gets at a path of its own; repeat"
        parser.add_argument("--file", metavar="<path=file>", action=parseractions.KeyValueAction, help=what)
        what = "root_gb, ephemeral_gb or swap_mb of an image of a partition; repeat"
        parser.add_argument("--partition", metavar="<key=size>", action=parseractions.KeyValueAction, help=what)
        parser.add_argument("--property", metavar="<key=value>", action=parseractions.KeyValueAction, help="Metadata; repeat")
        parser.add_argument("--description", metavar="<text>")
        parser.add_argument("--availability-zone", metavar="<zone>")
        parser.add_argument("--group", metavar="<group>", help="Server group that it joins (name or ID)")
        parser.add_argument("--reservation", metavar="<reservation>", help="Reservation that it gets a machine of (name or ID)")
        parser.add_argument("--tag", metavar="<tag>", action="append", help="Tag; repeat")
        parser.add_argument("--min", metavar="<count>", type=int, help="Make at least so many, or none")
        parser.add_argument("--max", metavar="<count>", type=int, help="Make so many if possible")
        add_waiting(parser, "the server is active, or all servers of a batch are")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """The first server, as it is now."""
        if not parsed_args.networks:
            raise CommandError("Name at least one --network or --port.")
        flavor = self.api.find_flavor(parsed_args.flavor)
        server = self.api.create_server(
            parsed_args.name,
            flavor.id,
            self.id_of("image", parsed_args.image),
            [{field: self.id_of(_KINDS[field], name) for field, name in network.items()} for network in parsed_args.networks],
            user_data=files.content(parsed_args.user_data),
            group_id=self.api.find_server_group(parsed_args.group).id if parsed_args.group else None,
            reservation_id=self.api.find_reservation(parsed_args.reservation).id if parsed_args.reservation else None,
            **_asked(parsed_args),
        )
        if parsed_args.wait:
            operations = [server.operation_id]
            if (parsed_args.max or parsed_args.min or 1) > 1:
                operations = [operation.id for operation in self.api.operations_of_request(server.operation_id)]
            self.await_all(operations, parsed_args.timeout)
            server = self.api.get_server(server)
        return shown(server)


class ListServers(Asking, command.Lister):
    """List servers"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--long", action="store_true", help="More about each")
        parser.add_argument("--all-projects", action="store_true", help="Those of all projects (operators)")
        parser.add_argument("--name", metavar="<name>", help="Only those with this name")
        parser.add_argument("--status", metavar="<status>", help="Only those in this status")
        parser.add_argument("--flavor", metavar="<flavor>", help="Only those of this flavor (name or ID)")
        parser.add_argument("--image", metavar="<image>", help="Only those of this image (name or ID)")
        parser.add_argument("--tag", metavar="<tag>", action="append", help="Only those with this tag; repeat: with all of them")
        parser.add_argument("--sort", metavar="<key>[:<direction>]", help="By name, status, created_at or id, asc or desc")
        pagination.add_marker_pagination_option_to_parser(parser)
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        query = {"name": parsed_args.name, "status": parsed_args.status, "marker": parsed_args.marker}
        if parsed_args.tag:
            query["tags"] = ",".join(parsed_args.tag)
        if parsed_args.image:
            query["image_id"] = self.id_of("image", parsed_args.image)
        if parsed_args.flavor:
            query["flavor_id"] = self.api.find_flavor(parsed_args.flavor).id
        if parsed_args.sort:
            query["sort_key"], _, direction = parsed_args.sort.partition(":")
            query["sort_dir"] = direction or None
        if parsed_args.all_projects:
            query["all_projects"] = True
        found = self.api.servers(
            details=parsed_args.long, max_items=parsed_args.limit, **{name: value for name, value in query.items() if value is not None}
        )
        return columns.table(found, _LONG if parsed_args.long else _LIST, _FORMATS)


class ShowServer(Asking, command.ShowOne):
    """Show a server"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        return shown(self.api.get_server(self.api.find_server(parsed_args.server)))


class DeleteServers(Asking):
    """Delete servers: their machines are torn down and cleaned"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("servers", metavar="<server>", nargs="+", help="Servers (names or IDs)")
        add_waiting(parser, "they are gone")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is deleted when one of the names fits nothing."""
        operations = [self.api.delete_server(server) for server in named(self.api, parsed_args.servers)]
        if parsed_args.wait:
            self.await_all(operations, parsed_args.timeout)


def named(api: Proxy, names: Iterable[str]) -> list[Server]:
    """The servers of these names or ids: all of them are looked up before anything is done to one."""
    return [api.find_server(name) for name in names]


class _Network(argparse.Action):
    """--network and --port in the order in which they were given: it is the order of the NICs."""

    def __call__(self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: str | None = None) -> None:
        field = "port_id" if option_string == "--port" else "net_id"
        namespace.networks = [*(namespace.networks or []), {field: values}]


def _asked(parsed: argparse.Namespace) -> dict[str, Any]:
    asked = {
        "key_name": parsed.key_name,
        "public_key": files.text(parsed.public_key),
        "adminPass": parsed.admin_pass,
        "partitions": parsed.partition,
        "personality": files.placed(parsed.file),
        "metadata": parsed.property,
        "description": parsed.description,
        "availability_zone": parsed.availability_zone,
        "tags": parsed.tag,
        "min_count": parsed.min,
        "max_count": parsed.max,
    }
    return {name: value for name, value in asked.items() if value is not None}
