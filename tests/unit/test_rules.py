# SPDX-License-Identifier: Apache-2.0
"""Pure decisions of the features."""

from dataclasses import dataclass
from typing import Any

import pytest

from baremetal_svc.domain.errors import Conflict
from baremetal_svc.domain.node import TRANSIENT, is_settled
from baremetal_svc.domain.operation import State, backoff, step_state
from baremetal_svc.domain.server import check_unlocked
from baremetal_svc.features.nodes import rules as node_rules
from baremetal_svc.features.power import rules as power_rules
from baremetal_svc.features.power import schema as power_schema
from baremetal_svc.features.servers import rules


@dataclass
class Failed:
    """As TaskFlow's Failure: its exception as text and the names of its classes."""

    exception_str: str
    names: tuple[str, ...]

    def __iter__(self) -> Any:
        return iter(self.names)


REFUSED = Failed("no", ("baremetal_svc.domain.errors.OutsideRefused", "builtins.Exception"))
CANCELLED = Failed("stop", ("baremetal_svc.domain.errors.Cancelled",))


@pytest.mark.parametrize(
    ("failures", "another"),
    [
        ({"wait-until-deployed": REFUSED}, True),
        ({"attach-vif-0": REFUSED}, True),
        ({"create-port-0": REFUSED}, False),
        ({"wait-until-deployed": CANCELLED}, False),
        ({}, False),
    ],
)
def test_another_node_is_tried_only_when_the_node_is_to_blame(failures: dict[str, Failed], another: bool) -> None:
    assert rules.worth_another_node(failures) is another
    assert (rules.blames_node(failures) is not None) is another


def test_names_of_a_batch() -> None:
    assert rules.names("a", 1) == ["a"]
    assert rules.names("a", 3) == ["a-1", "a-2", "a-3"]


def test_a_lock_holds_for_all_but_operators() -> None:
    with pytest.raises(Conflict):
        check_unlocked({"id": "i", "locked_by": "owner"}, is_operator=False)
    check_unlocked({"id": "i", "locked_by": "owner"}, is_operator=True)
    check_unlocked({"id": "i", "locked_by": None}, is_operator=False)


@pytest.mark.parametrize(
    ("state", "instance", "torn_down"),
    [
        ("active", "s", False), ("deleting", "s", False), ("deleting", None, False), ("error", None, False),
        ("cleaning", None, True), ("available", None, True), ("active", "another", True), ("error", "another", True),
    ],
)  # fmt: skip
def test_torn_down_is_when_nothing_of_the_server_is_left(state: str, instance: str | None, torn_down: bool) -> None:
    assert node_rules.is_torn_down(state, instance, "s") is torn_down


def test_a_node_at_rest() -> None:
    assert is_settled("available", None) and not is_settled("active", "power on")
    assert not any(is_settled(state, None) for state in TRANSIENT)


def test_the_schema_of_power_names_the_targets_of_its_rules() -> None:
    assert power_schema.SET[1]["properties"]["target"]["enum"] == ["on", "off", "reboot", "soft_off", "soft_reboot"]
    assert set(power_rules.TARGETS) == set(power_schema.SET[1]["properties"]["target"]["enum"])


def test_back_off_doubles_up_to_the_cap() -> None:
    assert [backoff(n) for n in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert backoff(50) == 300


def test_states_of_steps_follow_the_atoms() -> None:
    assert step_state(None) == "pending"
    assert step_state("REVERTED") == "undone"
    assert State.DONE == "done"
