# SPDX-License-Identifier: Apache-2.0
"""nodes.release: the one way in which a node comes back, be it from a delete, a failed create or a cancelled one."""

from collections.abc import Mapping
from typing import Any

from taskflow.patterns import linear_flow

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.features.nodes import tasks


def release(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Tear down, detach, release the ports, wait for cleaning, free.

    :param arguments: claim_id, node_id, server_id, nics ([{"network_id"} or {"port_id"}]), quarantine (s).
    """
    ports = [tasks.ReleasePort(index) for index in range(len(arguments["nics"]))]
    return linear_flow.Flow("nodes.release").add(
        tasks.ClearProtection("clear-protection"),
        tasks.UndeployNode("undeploy-node"),
        tasks.FindPorts("find-ports", provides="port_ids"),
        tasks.DetachVifs("detach-vifs"),
        *ports,
        tasks.RecordTornDown("record-torn-down", provides="torn_down_at"),
        tasks.WaitUntilAvailable("wait-until-available"),
        tasks.FreeNode("free-node"),
    )


OPERATIONS = {"nodes.release": Kind(1, release)}
