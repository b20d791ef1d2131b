# SPDX-License-Identifier: Apache-2.0
"""The Guru Meditation Report: threads and configuration of a running process, without its secrets, on SIGUSR2 or a touched file."""

import logging
import threading

from oslo_config import cfg
from oslo_reports import guru_meditation_report, opts

from baremetal_svc import version

LOG = logging.getLogger(__name__)


def arm(conf: cfg.ConfigOpts, program: str) -> None:
    """Have the process report when asked. Where signals cannot be had only the file of [oslo_reports] file_event_handler asks."""
    opts.set_defaults(conf)
    signals = threading.current_thread() is threading.main_thread()
    try:
        guru_meditation_report.TextGuruMeditation.setup_autorun(version, service_name=program, conf=conf, setup_signal=signals)
    except (OSError, ValueError) as error:
        # ValueError: a WSGI server that loads us into another interpreter of its process.
        LOG.warning("There will be no Guru Meditation Report: %s", error)
