# SPDX-License-Identifier: Apache-2.0
"""servers.create (undone as a whole at any failure) and servers.delete (only goes forward)."""

from collections.abc import Mapping
from typing import Any

from taskflow import retry
from taskflow.patterns import linear_flow

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.conductor.step import Step
from baremetal_svc.features.servers import rules, tasks


class TryAnotherNode(retry.Retry):
    """Run claim to deploy again on another node when the node was to blame, a bounded number of times."""

    def __init__(self, attempts: int) -> None:
        super().__init__(name="try-another-node", provides="attempt")
        self._attempts = attempts

    def execute(self, history: retry.History, *args: Any, **kwargs: Any) -> int:
        return len(history) + 1

    def on_failure(self, history: retry.History, *args: Any, **kwargs: Any) -> str:
        last = dict(history[-1][1])
        return retry.RETRY if len(history) < self._attempts and rules.worth_another_node(last) else retry.REVERT_ALL


def create(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Find the image, claim a node, connect and deploy it, protect and record it.

    :param arguments: server_id, image_id, hostname, nics, pool_ids, resource_class, setup, attempts, quarantine (s).
    """
    count = len(arguments["nics"])
    deploy = linear_flow.Flow("deploy", retry=TryAnotherNode(arguments["attempts"])).add(
        tasks.ClaimNode("claim-node", provides=("claim_id", "node_id", "mac_addresses")),
        *[tasks.CreatePort(index) for index in range(count)],
        tasks.BindNode("bind-node"),
        tasks.SetConfigDrive(count),
        *[tasks.AttachVif(index) for index in range(count)],
        tasks.StartDeploy("start-deploy", provides="deploy_asked_at"),
        *watch_deployment(),
    )
    find = tasks.FindImageToCreate("find-image", provides="instance_info")
    return linear_flow.Flow("servers.create").add(find, deploy, tasks.RecordServer(count))


def find_image() -> Step:
    """For flows that deploy: provides instance_info of image_id."""
    return tasks.FindImage("find-image", provides="instance_info")


def protect_node() -> Step:
    """For flows that take a machine over: protect the node under claim_id."""
    return tasks.ProtectNode("protect-node")


def watch_deployment() -> tuple[Step, Step]:
    """For flows that deploy: wait until what was asked for at deploy_asked_at is done, and protect the node under claim_id."""
    return tasks.WaitUntilDeployed("wait-until-deployed"), protect_node()


def delete(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Let the node go and wait until nothing of the server is left on a machine.

    :param arguments: server_id, nics, quarantine (s).
    """
    return linear_flow.Flow("servers.delete").add(tasks.ReleaseClaim("release-claim"), tasks.WaitUntilTornDown("wait-until-torn-down"))


OPERATIONS = {"servers.create": Kind(1, create), "servers.delete": Kind(1, delete)}
