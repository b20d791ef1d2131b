# SPDX-License-Identifier: Apache-2.0
"""The kinds of operation that this process can carry out, collected from the flows of the features by name."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from taskflow import flow, retry, task


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind's flow. The shape is raised whenever names or order of atoms change: a conductor claims only shapes that it knows.

    :ivar build: operation arguments -> flow; the same arguments give the same atoms, for ever.
    """

    shape: int
    build: Callable[[Mapping[str, Any]], flow.Flow]


def load() -> dict[str, Kind]:
    """Every kind of every feature that has a flow."""
    found: dict[str, Kind] = {}
    for feature in import_module("baremetal_svc.features").FEATURES:
        if find_spec(f"baremetal_svc.features.{feature}.flow"):
            found.update(import_module(f"baremetal_svc.features.{feature}.flow").OPERATIONS)
    return found


def tasks_of(pattern: flow.Flow) -> Iterator[task.Task]:
    """The tasks of a flow, in order, those of flows within it included."""
    for item in pattern:
        if isinstance(item, flow.Flow):
            yield from tasks_of(item)
        elif isinstance(item, task.Task):
            yield item


def retries_of(pattern: flow.Flow) -> Iterator[retry.Retry]:
    """The retry controllers of a flow and of flows within it."""
    if pattern.retry is not None:
        yield pattern.retry
    for item in pattern:
        if isinstance(item, flow.Flow):
            yield from retries_of(item)
