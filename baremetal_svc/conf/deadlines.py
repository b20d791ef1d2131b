# SPDX-License-Identifier: Apache-2.0
"""Options of deadlines: one for each kind of operation that has one, named after it."""

from oslo_config import cfg

from baremetal_svc.domain.lifecycle import LIFECYCLE


def _name(kind: str) -> str:
    return kind.replace(".", "_")


DEADLINES = [
    cfg.FloatOpt(
        _name(kind),
        default=change.deadline,
        min=1.0,
        help=f"Seconds from the request after which {kind} is stopped, undone or brought to its failure status.",
    )
    for kind, change in LIFECYCLE.items()
    if change.deadline is not None
]


def register(conf: cfg.ConfigOpts) -> None:
    """Register the group deadlines."""
    conf.register_opts(DEADLINES, "deadlines")


def deadline(conf: cfg.ConfigOpts, kind: str) -> float | None:
    """Seconds that an operation of the kind may take, None for any time."""
    return None if LIFECYCLE[kind].deadline is None else float(conf.deadlines[_name(kind)])
