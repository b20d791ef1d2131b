# SPDX-License-Identifier: Apache-2.0
"""adoption.adopt (undone by any failure, the machine runs on) and adoption.release (only goes forward)."""

from collections.abc import Mapping
from typing import Any

from taskflow.patterns import linear_flow

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.features.adoption import tasks
from baremetal_svc.features.servers import flow as servers


def adopt(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Bind the node, take its ports, protect it, record.

    :param arguments: server_id, node_id, claim_id.
    """
    return linear_flow.Flow("adoption.adopt").add(
        tasks.CheckNode("check-node"),
        tasks.BindNode("bind-node"),
        tasks.FindVifs("find-vifs", provides="port_ids"),
        tasks.TakePorts("take-ports", provides="ports"),
        servers.protect_node(),
        tasks.RecordAdoption("record-adoption"),
    )


def release(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Take the protection away, give the ports back, forget the node.

    :param arguments: server_id, node_id, claim_id, port_ids.
    """
    return linear_flow.Flow("adoption.release").add(
        tasks.ClearProtection("clear-protection"),
        tasks.AbandonNode("abandon-node"),
        tasks.FreePorts("free-ports"),
        tasks.ForgetClaim("forget-claim"),
    )


OPERATIONS = {"adoption.adopt": Kind(1, adopt), "adoption.release": Kind(1, release)}
