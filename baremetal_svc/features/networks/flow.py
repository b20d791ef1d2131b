# SPDX-License-Identifier: Apache-2.0
"""networks.attach (undone by any failure) and networks.detach (only goes forward once the node has let go)."""

from collections.abc import Mapping
from typing import Any

from taskflow.patterns import linear_flow

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.features.networks import tasks


def attach(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Choose a network card, make or take the port, attach it, record it.

    :param arguments: server_id, node_id, claim_id, nic_index, nic ({"network_id"} or {"port_id"}), hostname.
    """
    return linear_flow.Flow("networks.attach").add(
        tasks.ChooseCard("choose-card", provides="mac_address"),
        tasks.ConnectPort("connect-port", provides="port"),
        tasks.AttachVif("attach-vif"),
        tasks.RecordNic("record-nic"),
    )


def detach(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Detach the port from the node, release it, forget the NIC.

    :param arguments: server_id, node_id, nic_index, port_id, preserve.
    """
    return linear_flow.Flow("networks.detach").add(
        tasks.DetachVif("detach-vif"), tasks.ReleasePort("release-port"), tasks.ForgetNic("forget-nic")
    )


OPERATIONS = {"networks.attach": Kind(1, attach), "networks.detach": Kind(1, detach)}
