# SPDX-License-Identifier: Apache-2.0
"""power.*: one flow for five kinds. Its pivot is the first task: power is never undone."""

from collections.abc import Mapping
from typing import Any

from taskflow.patterns import linear_flow

from baremetal_svc.conductor.kinds import Kind
from baremetal_svc.features.power import rules, tasks


def change(arguments: Mapping[str, Any]) -> linear_flow.Flow:
    """Ask, wait, record.

    :param arguments: server_id, node_id, power_target (Ironic's word), power_wanted (the state that ends it).
    """
    return linear_flow.Flow("power").add(
        tasks.SetPower("set-power", provides="power_asked_at"),
        tasks.WaitUntilPowered("wait-until-powered"),
        tasks.RecordPower("record-power"),
    )


OPERATIONS = {kind: Kind(1, change) for kind in rules.BY_KIND}
