# SPDX-License-Identifier: Apache-2.0
"""openstack bms server nic list, add, remove; floating ip add, remove; event list; fault list."""

import argparse
from typing import Any

from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking, add_waiting

_NICS = (
    ("port_id", "Port"),
    ("network_id", "Network"),
    ("mac_address", "MAC Address"),
    ("fixed", "Fixed IPs"),
    ("floating_ip", "Floating IP"),
)


class _OfServer(Asking):
    """About one server."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("server", metavar="<server>", help="Server (name or ID)")
        return parser


class ListNics(_OfServer, command.Lister):
    """List the NICs of a server; one that is being attached has no port yet"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        nics = self.api.server_nics(self.api.find_server(parsed_args.server))
        return columns.records([{**nic, "fixed": ", ".join(ip["ip_address"] for ip in nic["fixed_ips"])} for nic in nics], _NICS)


class AddNic(_OfServer):
    """Attach a network or a port to a server that stands"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--network", metavar="<network>", help="Network (name or ID)")
        what.add_argument("--port", metavar="<port>", help="Port (name or ID)")
        add_waiting(parser, "it is attached")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        kind, field = ("network", "net_id") if parsed_args.network else ("port", "port_id")
        wanted = {field: self.id_of(kind, parsed_args.network or parsed_args.port)}
        operation = self.api.attach_server_nic(self.api.find_server(parsed_args.server), wanted)
        if parsed_args.wait:
            self.await_all([operation], parsed_args.timeout)


class RemoveNic(_OfServer):
    """Detach a port from a server that stands"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("port", metavar="<port>", help="Port (name or ID)")
        add_waiting(parser, "it is detached")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        server = self.api.find_server(parsed_args.server)
        operation = self.api.detach_server_nic(server, self.id_of("port", parsed_args.port))
        if parsed_args.wait:
            self.await_all([operation], parsed_args.timeout)


class AddFloatingIp(_OfServer):
    """Point a floating IP at a server"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("address", metavar="<address>", help="Floating IP")
        parser.add_argument("--fixed-ip-address", metavar="<address>", help="Address of the server (default: its first that has none)")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.add_server_floating_ip(self.api.find_server(parsed_args.server), parsed_args.address, parsed_args.fixed_ip_address)


class RemoveFloatingIp(_OfServer):
    """Take a floating IP away from a server"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("address", metavar="<address>", help="Floating IP")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.remove_server_floating_ip(self.api.find_server(parsed_args.server), parsed_args.address)


class ListEvents(_OfServer, command.Lister):
    """List what was begun with a server and how it ended, newest first"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        wanted = (("at", "Time"), ("event", "Event"), ("operation_uuid", "Operation"), ("user_id", "User"), ("said", "Error"))
        events = self.api.server_events(self.api.find_server(parsed_args.server))
        return columns.records([{**event, "said": _said(event["error"])} for event in events], wanted)


class ListFaults(_OfServer, command.Lister):
    """List what went wrong with a server, newest first"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        wanted = (("created_at", "Time"), ("code", "Code"), ("message", "Message"), ("cleared_at", "Cleared"))
        return columns.records(self.api.server_faults(self.api.find_server(parsed_args.server)), wanted)


def _said(error: dict[str, Any] | None) -> str:
    return "" if error is None else str(error["message"])
