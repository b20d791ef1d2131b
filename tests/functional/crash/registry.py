# SPDX-License-Identifier: Apache-2.0
"""Every scenario of every feature: what stands in its test_flow.py, alone or in a list."""

from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from baremetal_svc.features import FEATURES
from tests.fixtures.properties import Scenario


def scenarios() -> list[Scenario]:
    """In the order of the features.

    :raises ModuleNotFoundError: a feature has a flow and no test_flow.py.
    """
    flows = [feature for feature in FEATURES if find_spec(f"baremetal_svc.features.{feature}.flow")]
    return [scenario for feature in flows for scenario in of_module(import_module(f"tests.functional.{feature}.test_flow"))]


def of_module(module: Any) -> list[Scenario]:
    """Those that a module names, each once."""
    return list(dict.fromkeys(_flat(vars(module).values())))


def _flat(values: Iterable[Any]) -> Iterator[Scenario]:
    for value in values:
        if isinstance(value, Scenario):
            yield value
        elif isinstance(value, list):
            yield from _flat(value)
