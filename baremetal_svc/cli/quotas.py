# SPDX-License-Identifier: Apache-2.0
"""openstack bms quota show, set, reset, bms limits show. What is changed, operators change."""

import argparse
from collections.abc import Mapping
from typing import Any

from openstack import exceptions
from osc_lib.command import command
from osc_lib.exceptions import CommandError

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_COLUMNS = (("resource", "Resource"), ("name", "Name"), ("limit", "Limit"), ("usage", "Usage"))
_DEFAULT = ("default", "Default")


class _Limits(Asking):
    """Shows limits, with the names of flavors and pools."""

    def _table(self, limits: Mapping[str, Mapping[str, Any]], *more: tuple[str, str]) -> columns.Table:
        named = self._names({resource.partition(":")[0] for resource in limits})
        rows = [{"resource": resource, "name": named.get(resource, ""), **use} for resource, use in sorted(limits.items())]
        return columns.records(rows, (*_COLUMNS, *more))

    def _names(self, kinds: set[str]) -> dict[str, str]:
        found = {}
        for kind, ask in (("flavor", self.api.flavors), ("pool", self.api.pools)):
            try:
                found.update({f"{kind}:{one.id}": one.name for one in ask()} if kind in kinds else {})
            except exceptions.ForbiddenException:
                # Pools are for operators.
                continue
        return found


class _OfProject(_Limits):
    """About one project."""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("project", metavar="<project>", help="Project (name or ID)")
        return parser


class ShowQuotas(_OfProject, command.Lister):
    """Show how much of each resource a project may have, and has"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows."""
        return self._table(self.api.quotas(self.project_id(parsed_args.project, gone=True)), _DEFAULT)


class SetQuotas(_OfProject, command.Lister):
    """Change limits of a project; those that are not named stay"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument(
            "limits",
            metavar="<resource>=<limit>",
            nargs="+",
            help="servers, keypairs, server_groups, reserved_nodes, flavor:<flavor> or pool:<pool> (name or ID); -1: no limit; default",
        )
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows. :raises CommandError: what is not a resource and a whole number."""
        changes = dict(self._change(text) for text in parsed_args.limits)
        return self._table(self.api.edit_quotas(self.project_id(parsed_args.project), changes), _DEFAULT)

    def _change(self, text: str) -> tuple[str, int | None]:
        resource, _, limit = text.rpartition("=")
        try:
            number = None if limit == "default" else int(limit)
        except ValueError as error:
            raise CommandError(f"{text!r} is not a resource and its limit, such as servers=10.") from error
        kind, _, name = resource.partition(":")
        if kind == "flavor":
            return f"flavor:{self.api.find_flavor(name).id}", number
        return (f"pool:{self.api.find_pool(name).id}" if kind == "pool" else resource), number


class ResetQuotas(_OfProject):
    """Give a project the default limits again"""

    def take_action(self, parsed_args: argparse.Namespace) -> None:
        """Nothing is printed."""
        self.api.reset_quotas(self.project_id(parsed_args.project, gone=True))


class ShowLimits(_Limits, command.Lister):
    """Show what the project may have, and what it has"""

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Table:
        """Headings and rows; a limit of -1 is none."""
        return self._table(self.api.limits()["limits"])
