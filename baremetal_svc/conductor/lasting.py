# SPDX-License-Identifier: Apache-2.0
"""What a thread does again and again: it outlives whatever fails in it, since nothing would start it again."""

import logging
from collections.abc import Callable
from typing import TypeVar

from oslo_db.exception import DBError

from baremetal_svc.domain.errors import ServiceError

LOG = logging.getLogger(__name__)
T = TypeVar("T")


class Lasting:
    """The attempts of one thread.

    :param what: of which a log says that it waits, or failed: "The inventory".
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._waits = False

    def attempt(self, work: Callable[[], T], otherwise: T) -> T:
        """What the work answers; ``otherwise`` when it could not be done now. Raises nothing."""
        try:
            answer = work()
        except (ServiceError, DBError) as error:
            # Said once: an outage may last, and some threads look several times a second.
            LOG.log(logging.DEBUG if self._waits else logging.WARNING, "%s waits: %s", self._what, error)
            self._waits = True
            return otherwise
        except Exception:  # a bug of ours: the thread must outlive it, and the operator reads of it
            LOG.exception("%s failed", self._what)
            return otherwise
        self._waits = False
        return answer
