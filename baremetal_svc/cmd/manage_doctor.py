# SPDX-License-Identifier: Apache-2.0
"""The command ``baremetal-svc-manage doctor``: what the reconciler sees, for an operator, and its repairs at once."""

import json
import logging
import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from oslo_config import cfg

from baremetal_svc import notifications
from baremetal_svc.cmd import assembly
from baremetal_svc.cmd.manage_db import database
from baremetal_svc.conductor.announcing import Announcer
from baremetal_svc.conductor.reconciler import Outcome, Result
from baremetal_svc.conductor.service import new_owner
from baremetal_svc.db.session import FAILURES, Database, told
from baremetal_svc.gateways import real
from baremetal_svc.gateways.protocols import Gateways

LOG = logging.getLogger(__name__)
CLEAN, FINDINGS, CANNOT_TELL = 0, 1, 2
OPTIONS: Mapping[str, Mapping[str, Any]] = {
    "--repair": {"action": "store_true", "help": "mend what is safe, without a limit to tear-downs, and make faults of the rest"},
    "--json": {"action": "store_true", "help": "one JSON object: findings, looked_at, untold"},
}
#: Columns of the table and their widths.
_WIDTHS = {"CODE": 26, "TARGET": 46, "WHAT": 48, "PROPOSAL": 48, "FATE": 8}


def doctor(conf: cfg.ConfigOpts) -> tuple[str, int]:
    """Compare the database with Ironic and Neutron and propose what to do; 0: clean, 1: findings (repaired ones too), 2: cannot tell."""
    try:
        with database(conf) as db:
            return examine(conf, db, real.build(conf))
    except FAILURES as error:
        print(told(error), file=sys.stderr)
    except (OSError, ValueError, cfg.Error) as error:
        print(error, file=sys.stderr)
    except Exception as error:  # a bug of ours: its own status would be that of findings
        LOG.exception("The doctor failed")
        print(f"The doctor failed: {type(error).__name__}; the log has more.", file=sys.stderr)
    return json.dumps(_document(Outcome([], {}, {}))) if conf.topic.json else "", CANNOT_TELL


def examine(conf: cfg.ConfigOpts, db: Database, gateways: Gateways) -> tuple[str, int]:
    """One look with these gateways: what to print, and the exit status. Why something could not be told goes to stderr.

    :raises Unavailable: the database is away.
    """
    announcer = Announcer(notifications.of(conf, f"baremetal-svc-manage:{conf.conductor.host}"))
    try:
        reconciler = assembly.reconciler(conf, db, gateways, new_owner("doctor"), announcer, lambda: None)
        outcome = reconciler.reconcile(repair=conf.topic.repair, most_tear_downs=None)
    finally:
        announcer.close()
    for service, why in outcome.untold.items():
        print(f"Cannot tell about {service}: {why}", file=sys.stderr)
    status = CANNOT_TELL if outcome.untold else FINDINGS if outcome.results else CLEAN
    return json.dumps(_document(outcome)) if conf.topic.json else _text(outcome), status


def _document(outcome: Outcome) -> dict[str, Any]:
    findings = [
        {
            "code": result.finding.code,
            "target_kind": result.finding.target_kind,
            "target": result.finding.target,
            "what": result.finding.detail,
            "proposal": result.finding.proposal,
            "repair": result.finding.repair,
            "fate": result.fate,
        }
        for result in outcome.results
    ]
    return {"findings": findings, "looked_at": dict(outcome.looked_at), "untold": dict(outcome.untold)}


def _text(outcome: Outcome) -> str:
    looked = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in outcome.looked_at.items())
    said = f"{len(outcome.results)} findings. Looked at {looked}."
    return "\n".join([*_table(outcome.results), said]) if outcome.results else said


def _table(results: Sequence[Result]) -> list[str]:
    """A line for each finding, or several where words must be broken."""
    lines = [_line(list(_WIDTHS)), _line(["-" * width for width in _WIDTHS.values()])]
    for result in results:
        found = result.finding
        cells = [found.code, f"{found.target_kind} {found.target}", found.detail, found.proposal, str(result.fate)]
        broken = [textwrap.wrap(cell, width, break_on_hyphens=False) for cell, width in zip(cells, _WIDTHS.values(), strict=True)]
        height = max(len(cell) for cell in broken)
        lines += [_line([cell[row] if row < len(cell) else "" for cell in broken]) for row in range(height)]
    return lines


def _line(cells: Sequence[str]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS.values(), strict=True)).rstrip()
