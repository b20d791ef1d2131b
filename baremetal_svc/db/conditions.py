# SPDX-License-Identifier: Apache-2.0
"""The predicates of the domain as SQL on the columns of nodes, by name; a test compares both on every kind of node."""

from typing import Any

import sqlalchemy as sa

from baremetal_svc.db.clock import now
from baremetal_svc.db.models import Claim, Fault, Node, ReservedNode
from baremetal_svc.domain.scheduling import RESERVED

NODE, FAULT = Node.__table__.c, Fault.__table__.c

CONDITIONS: dict[str, Any] = {
    "known to Ironic": NODE.gone.is_(sa.false()),
    "has a resource class": NODE.resource_class.is_not(None),
    "not retired": NODE.retired.is_(sa.false()),
    "not in maintenance": NODE.maintenance.is_(sa.false()),
    "without a fault": sa.not_(sa.exists().where(FAULT.target_id == NODE.id, FAULT.cleared_at.is_(None))),
    "not held by a server": sa.not_(sa.exists().where(Claim.held_node == NODE.id)),
    "not used by another system": NODE.instance_id.is_(None),
    "available in Ironic": NODE.provision_state == "available",
    "past the quarantine after its release": NODE.hold_until <= now(),
    RESERVED: sa.not_(sa.exists().where(ReservedNode.node_id == NODE.id)),
}
#: A node that would do, but for whom it is reserved.
FIT = tuple(condition for name, condition in CONDITIONS.items() if name != RESERVED)
