# SPDX-License-Identifier: Apache-2.0
"""openstack bms server start, stop, reboot."""

import argparse

from baremetal_svc.cli.asking import Asking, add_waiting
from baremetal_svc.cli.servers import named


class _Switch(Asking):
    """Of each server the target of its power; ``--soft`` where the target has such a form."""

    target = ""
    soft_target: str | None = None

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("servers", metavar="<server>", nargs="+", help="Servers (names or IDs)")
        if self.soft_target:
            parser.add_argument("--soft", action="store_true", help="Ask the operating system to do it")
        add_waiting(parser, "it is done")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is switched when one of the names fits nothing."""
        soft = self.soft_target if getattr(parsed_args, "soft", False) else None
        operations = [self.api.set_server_power(server, soft or self.target) for server in named(self.api, parsed_args.servers)]
        if parsed_args.wait:
            self.await_all(operations, parsed_args.timeout)


class StartServers(_Switch):
    """Switch servers on"""

    target = "on"


class StopServers(_Switch):
    """Switch servers off"""

    target, soft_target = "off", "soft_off"


class RebootServers(_Switch):
    """Switch servers off and on"""

    target, soft_target = "reboot", "soft_reboot"
