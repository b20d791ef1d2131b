# SPDX-License-Identifier: Apache-2.0
"""Every flow: stable names, one gateway an effect, a way back or a reason, a lifecycle row, property tests."""

import inspect
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from taskflow import flow, task

from baremetal_svc.conductor import client, kinds
from baremetal_svc.conductor.step import Step
from baremetal_svc.domain import lifecycle

CHECKOUT = Path(__file__).resolve().parents[2]
GOLDEN = Path(__file__).parent / "golden" / "atoms.json"
KINDS = kinds.load()
GATEWAYS = {"ironic", "neutron", "images"}
# Two NICs, one of them a port of the tenant's own: what an operation's arguments say about a flow's atoms.
ARGUMENTS = {"nics": [{"network_id": "n"}, {"port_id": "p"}], "attempts": 3}
BUILT = {kind: KINDS[kind].build(ARGUMENTS) for kind in KINDS}


def atoms(pattern: flow.Flow) -> Iterator[str]:
    """Names in order, a retry before what it repeats."""
    if pattern.retry is not None:
        yield pattern.retry.name
    for item in pattern:
        yield from atoms(item) if isinstance(item, flow.Flow) else [item.name]


def steps() -> list[type[Step]]:
    """Every class of a task."""
    found, todo = [], [Step]
    while todo:
        classes = todo.pop().__subclasses__()
        found += [cls for cls in classes if cls.__module__.startswith("baremetal_svc.")]
        todo += classes
    return sorted(found, key=lambda cls: cls.__qualname__)


@pytest.mark.parametrize("kind", KINDS)
def test_names_are_stable_and_unique(kind: str) -> None:
    names = list(atoms(BUILT[kind]))
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)] == []
    assert all(isinstance(item, Step) for item in kinds.tasks_of(BUILT[kind]))


@pytest.mark.parametrize("kind", KINDS)
def test_atoms_change_only_with_the_shape(kind: str) -> None:
    golden, key, names = json.loads(GOLDEN.read_text()), f"{kind} {KINDS[kind].shape}", list(atoms(BUILT[kind]))
    if key not in golden and os.environ.get("UPDATE_GOLDEN"):
        golden[key] = names
        GOLDEN.write_text(json.dumps(golden, indent=1, sort_keys=True) + "\n")
    assert golden.get(key) == names, "operations of this shape may be under way: raise the shape, then UPDATE_GOLDEN=1"


def test_the_api_writes_the_shapes_that_the_conductor_knows() -> None:
    assert dict(client.SHAPES) == {kind: known.shape for kind, known in KINDS.items()}


@pytest.mark.parametrize("step", steps())
def test_a_step_has_one_effect(step: type[Step]) -> None:
    assert len(GATEWAYS & set(inspect.signature(step.execute).parameters)) <= 1


@pytest.mark.parametrize("step", steps())
def test_a_step_can_be_undone_or_says_why_not(step: type[Step]) -> None:
    if step.revert is task.Task.revert:
        assert step.IRREVERSIBLE, "neither revert nor IRREVERSIBLE"
    else:
        kinds_of = [parameter.kind for parameter in inspect.signature(step.revert).parameters.values()]
        assert inspect.Parameter.VAR_KEYWORD in kinds_of, "revert must take **kwargs: TaskFlow passes result and flow_failures"
        assert step.IRREVERSIBLE is None


def test_every_kind_has_a_lifecycle_row_and_every_row_a_flow() -> None:
    assert set(KINDS) == set(lifecycle.LIFECYCLE)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_property_tests(kind: str) -> None:
    path = CHECKOUT / "tests" / "functional" / kind.partition(".")[0] / "test_flow.py"
    assert path.is_file()
    assert kind in path.read_text()


def test_the_diagram_in_the_docs_is_the_table() -> None:
    drawn = CHECKOUT / "doc" / "source" / "contributor" / "state-diagram.mmd"
    assert drawn.read_text() == lifecycle.mermaid(), "run tools/state-diagram"
