# SPDX-License-Identifier: Apache-2.0
"""A check that runs just before each request to the outside, retries included: the place for "is the lease still mine?".

It is bound to the thread of one task; whoever starts further threads binds it there again. It must not do I/O.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_check: ContextVar[Callable[[], None] | None] = ContextVar("baremetal_svc_before_send", default=None)


@contextmanager
def checked(check: Callable[[], None]) -> Iterator[None]:
    """Run ``check`` before every send of this thread inside the block; what it raises stops the send (LeaseLost)."""
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


def before_send() -> None:
    """Called by every gateway before it sends.

    :raises BaseException: whatever the bound check raises.
    """
    check = _check.get()
    if check is not None:
        check()
