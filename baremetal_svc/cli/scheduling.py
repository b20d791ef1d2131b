# SPDX-License-Identifier: Apache-2.0
"""openstack bms scheduling dry run: whether machines would be found, and what would fit."""

import argparse
from typing import Any

from cliff.columns import FormattableColumn
from osc_lib.command import command

from baremetal_svc.cli import columns
from baremetal_svc.cli.asking import Asking

_ELSEWHERE = "{name}: {count}"


class _Lines(FormattableColumn[list[dict[str, Any]]]):
    """One object a line, as ``form`` has it for people and whole for programs."""

    def __init__(self, value: list[dict[str, Any]], form: str) -> None:
        super().__init__(value)
        self._form = form

    def human_readable(self) -> str:
        """For tables."""
        return "\n".join(self._form.format(**item) for item in self._value or ())


class DryRun(Asking, command.ShowOne):
    """Ask which machines a create would find now, and what would fit; nothing is claimed"""

    def get_parser(self, prog_name: str) -> argparse.ArgumentParser:
        """Arguments and options."""
        parser = super().get_parser(prog_name)
        parser.add_argument("--flavor", metavar="<flavor>", required=True, help="Flavor (name or ID)")
        parser.add_argument("--availability-zone", metavar="<zone>")
        parser.add_argument("--group", metavar="<group>", help="Server group that they would join (name or ID)")
        parser.add_argument("--reservation", metavar="<reservation>", help="Reservation whose machines they would get (name or ID)")
        parser.add_argument("--min", metavar="<count>", type=int, help="At least so many")
        parser.add_argument("--max", metavar="<count>", type=int, help="So many if possible")
        return parser

    def take_action(self, parsed_args: argparse.Namespace) -> columns.Row:
        """Fields and values."""
        asked = {"availability_zone": parsed_args.availability_zone, "min_count": parsed_args.min, "max_count": parsed_args.max}
        found = self.api.scheduling_dry_run(
            self.api.find_flavor(parsed_args.flavor).id,
            group_id=self.api.find_server_group(parsed_args.group).id if parsed_args.group else None,
            reservation_id=self.api.find_reservation(parsed_args.reservation).id if parsed_args.reservation else None,
            **{name: value for name, value in asked.items() if value is not None},
        )
        why = found["explanation"]
        shown = {"fits": found["fits"], "count": found["count"], "wanted": why["wanted"], "least": why["least"]}
        shown |= {"table": _Lines(why["table"], "{predicate}: {nodes}"), "nearest_miss": why["nearest_miss"]}
        shown |= {name: _Lines(why[name], _ELSEWHERE) for name in ("other_zones", "other_flavors")}
        if "nodes" in found:
            shown |= {"other_pools": _Lines(found["other_pools"], _ELSEWHERE), "nodes": _Lines(found["nodes"], "{name} ({pool[name]})")}
        return tuple(shown), list(shown.values())
