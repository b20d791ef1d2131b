# SPDX-License-Identifier: Apache-2.0
"""Which tags an aggregate puts on its nodes; what of a node's tags is whose stands in domain.tags."""

from collections.abc import Iterable, Set
from typing import Any

from baremetal_svc.domain.tags import MEMBER, ZONES, Aggregate, aggregates_of, check_one_zone, given, member_tag

__all__ = ["MEMBER", "ZONES", "Aggregate", "aggregates_of", "check_one_zone", "editable", "given", "member_tag", "retagged"]


def retagged(tags: Set[str], before: Iterable[Aggregate], after: Iterable[Aggregate]) -> frozenset[str]:
    """A node's tags when the aggregates that it belongs to change; what an operator put on it by hand stays."""
    return frozenset((tags - given(before)) | given(after))


def editable(aggregate: Aggregate) -> dict[str, Any]:
    """What of an aggregate may be edited."""
    return {"name": aggregate["name"], "metadata": dict(aggregate["metadata"])}
