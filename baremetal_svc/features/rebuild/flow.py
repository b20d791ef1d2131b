# SPDX-License-Identifier: Apache-2.0
"""rebuild.deploy: its pivot is taking the protection away; from there it only goes forward, and asking again completes it."""

from collections.abc import Mapping
from typing import Any

from taskflow.patterns import linear_flow

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.features.rebuild import tasks
from baremetal_svc.features.servers import flow as servers


def deploy(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Find the image, write it into the node, ask for the rebuild, wait, protect, record.

    :param arguments: server_id, node_id, claim_id, image_id, partitions, setup, preserve_ephemeral.
    """
    return linear_flow.Flow("rebuild.deploy").add(
        servers.find_image(),
        tasks.LookAtNode("look-at-node", provides="provisioned_at"),
        tasks.ClearProtection("clear-protection"),
        tasks.SetImage("set-image"),
        tasks.StartRebuild("start-rebuild", provides="deploy_asked_at"),
        *servers.watch_deployment(),
        tasks.RecordImage("record-image"),
    )


OPERATIONS = {"rebuild.deploy": Kind(1, deploy)}
