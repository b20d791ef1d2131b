# SPDX-License-Identifier: Apache-2.0
"""Who holds a lock. Source: Mogan's contract, sections 1.3 and 3.3."""

from baremetal_svc.domain.errors import Forbidden

OWNER, ADMIN = "owner", "admin"


def holder(current: str | None, *, locks: bool, is_operator: bool) -> str | None:
    """Who holds the lock after the request: an operator's lock is above an owner's, and an operator may open both.

    :raises Forbidden: an owner would open an operator's lock.
    """
    if current == ADMIN and not is_operator:
        if locks:
            return current
        raise Forbidden("The server was locked by an operator.", hint="Ask the operator to unlock it.")
    if not locks:
        return None
    return ADMIN if is_operator else OWNER
