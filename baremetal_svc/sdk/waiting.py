# SPDX-License-Identifier: Apache-2.0
"""Follows an operation by the API's long poll: one request an event, none while nothing happens but one in half a minute."""

import math
import threading
import time
from collections.abc import Iterator

from keystoneauth1 import adapter
from openstack import exceptions

from baremetal_svc.sdk.errors import OperationFailed
from baremetal_svc.sdk.resources import Operation

#: Seconds that one request may wait: under the minute after which proxies cut a connection that is silent.
POLL = 30.0
#: Least seconds between two requests without news: a service that does not wait ([api] max_wait = 0) is not asked in a tight loop.
PAUSE = 1.0
_RETRIABLE = [500, 502, 503, 504]


def follow(session: adapter.Adapter, operation_id: str, timeout: float | None = None) -> Iterator[Operation]:
    """The operation as it is, and again after each of its events; the last one has ended.

    :raises ResourceTimeout: it has not ended after so many seconds.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    seen = _ask(session, operation_id, {})
    yield seen
    while not seen.is_final:
        begin = time.monotonic()
        if begin >= end:
            raise exceptions.ResourceTimeout(f"Operation {operation_id} ({seen.kind}) is still {seen.state} after {timeout} seconds.")
        found = _ask(session, operation_id, {"wait": math.ceil(min(POLL, end - begin)), "after": seen.seq})
        if found.seq > seen.seq or found.is_final:
            yield found
        else:
            threading.Event().wait(min(PAUSE, end - begin) - (time.monotonic() - begin))
        seen = found


def ended(session: adapter.Adapter, operation_id: str, timeout: float | None = None) -> Operation:
    """The operation once it is done.

    :raises OperationFailed: it ended otherwise. :raises ResourceTimeout:
    """
    *_, last = follow(session, operation_id, timeout)
    if last.state != "done":
        raise OperationFailed(last)
    return last


def _ask(session: adapter.Adapter, operation_id: str, query: dict[str, int]) -> Operation:
    # Reading may be repeated: an API process that is restarted or a database that fails over does not end a wait.
    response = session.get(
        f"{Operation.base_path}/{operation_id}",
        params=query,
        microversion=Operation._get_microversion(session),
        connect_retries=6,
        status_code_retries=6,
        retriable_status_codes=_RETRIABLE,
        skip_cache=True,
    )
    exceptions.raise_from_response(response)
    return Operation.existing(**response.json())
