# SPDX-License-Identifier: Apache-2.0
"""How many nodes a request would find now. Where a group's rule counts domains, so does the database."""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection

from baremetal_svc.db import candidates
from baremetal_svc.domain import spread
from baremetal_svc.domain.spread import Rule
from baremetal_svc.scheduler.claim import Request, look


def fitting(conn: Connection, request: Request, rule: Rule | None, places: Sequence[tuple[str, str]], most: int) -> int:
    """How many nodes fit; without a rule counted up to ``most``.

    :param places: (zone, path) of the nodes that the group's members hold already.
    """
    if rule is None:
        return len(look(conn, request, None, [], most))
    if request.reservation_id is not None:
        left = Counter((node.zone, node.path) for node in request.reserved(conn))
    else:
        left = candidates.places(conn, request.pool_ids, request.offers(""))
    return spread.room(left, rule, Counter(rule.domain(zone, path) for zone, path in places))
