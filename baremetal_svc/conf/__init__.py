# SPDX-License-Identifier: Apache-2.0
"""Configuration: every option in one place, registered on a ConfigOpts that is passed in, never read from a global."""

import math
import sys
from importlib.metadata import version
from typing import Any

from oslo_config import cfg
from oslo_db import options as db_options
from oslo_log import log

from baremetal_svc.conf import deadlines, gateways, limits, observability, scheduler, service, web

PROJECT = "baremetal_svc"
# Ironic's client logs each refusal as an error before it raises it: the gateway decides what it was.
_QUIET = ("taskflow=WARNING", "oslo.messaging=WARNING", "alembic=WARNING", "ironicclient.common.http=CRITICAL")

# oslo.log's own, and the operation that a line belongs to.
_LINE = (
    "%(asctime)s.%(msecs)03d %(process)d %(levelname)s %(name)s "
    "[%(global_request_id)s %(request_id)s %(operation_id)s %(user_identity)s] %(instance)s%(message)s"
)


def register(conf: cfg.ConfigOpts) -> cfg.ConfigOpts:
    """Register all options of this service on the given object and return it."""
    log.register_options(conf)
    db_options.set_defaults(conf)
    service.register(conf)
    deadlines.register(conf)
    gateways.register(conf)
    observability.register(conf)
    limits.register(conf)
    web.register(conf)
    scheduler.register(conf)
    return conf


def load(args: list[str], program: str = PROJECT) -> cfg.ConfigOpts:
    """Parse the command line and the files it names into the global object, which oslo.messaging's tracing reads.

    :param program: the name by which a usage message calls it.
    :raises SystemExit: a file is not there, or a value is out of its bounds; the option is named.
    """
    register(cfg.CONF)
    log.set_defaults(_LINE, [*log.get_default_log_levels(), *_QUIET])
    try:
        cfg.CONF(args, project=PROJECT, prog=program, version=version("baremetal-svc"))
        check(cfg.CONF)
    except (cfg.Error, ValueError) as error:
        sys.exit(f"The configuration cannot be used: {error}")
    log.setup(cfg.CONF, PROJECT)
    return cfg.CONF


def check(conf: cfg.ConfigOpts) -> None:
    """Read every option once: oslo.config judges a value only when it is asked for, which may be hours after the start.

    :raises cfg.ConfigFileValueError: a value is not of its type or out of its bounds.
    :raises ValueError: it is a number without end, which no bound keeps out.
    """
    for group, options in list_opts():
        for option in options:
            value = conf[group][option.dest]
            if isinstance(value, float) and not math.isfinite(value):
                raise ValueError(f"[{group}] {option.name} must be a number, not {value}.")


def list_opts() -> list[tuple[str, list[Any]]]:
    """Options for oslo-config-generator."""
    return [
        ("api", service.API),
        ("conductor", [*service.CONDUCTOR, *service.NOTIFICATIONS]),
        ("deadlines", deadlines.DEADLINES),
        ("scheduler", scheduler.SCHEDULER),
        ("secrets", service.SECRETS),
        ("quotas", limits.QUOTAS),
        ("metrics", observability.METRICS),
        ("notifications", observability.NOTIFICATIONS),
        *gateways.list_opts(),
    ]
