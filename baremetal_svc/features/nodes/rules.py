# SPDX-License-Identifier: Apache-2.0
"""When a node is given back, and where it may turn out to stand."""

from collections import Counter
from collections.abc import Sequence

from baremetal_svc.domain.errors import Conflict
from baremetal_svc.domain.spread import Rule, breaks

#: Ironic states in which a node without an owner is at rest outside of the pools or in them; an operator may have taken it out.
AT_REST = frozenset({"available", "manageable", "enroll", "inspect failed", "adopt failed"})

#: Seconds after which a release that goes on becomes a fault for the operator. Source: design, section 4.6.
PATIENCE = 1800.0


def is_torn_down(provision_state: str, instance_id: str | None, server_id: str) -> bool:
    """Nothing of the server is on the node: Ironic clears instance_uuid when the tear-down is over, before it cleans, or has failed."""
    return instance_id != server_id and not (instance_id is None and provision_state in ("deleting", "error"))


def is_given_back(provision_state: str, instance_id: str | None, server_id: str, *, gone: bool) -> bool:
    """The node has been cleaned, or is another's, or is no more."""
    return gone or provision_state in AT_REST or instance_id not in (None, server_id)


def check_place(server_id: str, rule: Rule, here: tuple[str, str], there: tuple[str, str], others: Sequence[tuple[str, str]]) -> None:
    """A server stays where it is: what its group was promised may not be taken back by a word.

    :param here: (zone, path) of the server's machine, :param there: from now on. :param others: those of its group's other machines.
    :raises Conflict:
    """
    held = Counter(rule.domain(*place) for place in others)
    domain = rule.domain(*there)
    if breaks(rule, rule.domain(*here), domain, held):
        where = f"in {domain}" if domain else "where nobody knows"
        raise Conflict(
            f"With its machine {where} server {server_id} would break the rule of its server group ({rule.policy}).",
            hint="Delete the server first; or its server group, where the machine has stood there all along.",
        )
