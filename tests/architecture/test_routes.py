# SPDX-License-Identifier: Apache-2.0
"""Every route: a policy rule that names it, schemas for each of its versions, a line in the golden table. No TaskFlow in the API."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from baremetal_svc.api.openapi import every_route
from baremetal_svc.api.routing import Route
from baremetal_svc.features import FEATURES

GOLDEN = Path(__file__).parent / "golden" / "routes.txt"
ROUTES = [(feature, route) for feature in FEATURES for route in import_module(f"baremetal_svc.features.{feature}.api").ROUTES]
IDS = [f"{route.method} {route.path}" for _, route in ROUTES]
LOAD = """
import sys
import baremetal_svc.api.app, baremetal_svc.wsgi.assembly
from baremetal_svc import policy
from baremetal_svc.api import routing
assert routing.feature_routes() and policy.list_rules()
print(sorted({name.partition(".")[0] for name in sys.modules} & {"taskflow"}))
"""


def line(route: Route) -> str:
    """METHOD PATH, the first version that has it, its policy."""
    return f"{route.method:6} {route.path:40} 1.{route.since} {route.rule or '-'}"


def guarded(feature: str) -> set[tuple[str, str, str]]:
    """(policy, method, path) of every rule of a feature."""
    rules = import_module(f"baremetal_svc.features.{feature}.policy").RULES
    return {(rule.name, operation["method"], operation["path"]) for rule in rules for operation in rule.operations}


@pytest.mark.parametrize(("feature", "route"), ROUTES, ids=IDS)
def test_a_route_has_a_rule_of_its_feature(feature: str, route: Route) -> None:
    assert (route.rule, route.method, route.path) in guarded(feature)


@pytest.mark.parametrize("feature", FEATURES)
def test_a_rule_has_a_route(feature: str) -> None:
    assert guarded(feature) == {(route.rule, route.method, route.path) for owner, route in ROUTES if owner == feature}
    assert all(name.startswith(f"baremetal_svc:{feature}:") for name, _, _ in guarded(feature))


@pytest.mark.parametrize(("feature", "route"), ROUTES, ids=IDS)
def test_a_route_has_schemas_from_its_first_version_on(feature: str, route: Route) -> None:
    assert min(route.query) <= route.since
    # A PUT of a word in a collection ("/tags/{tag}"), or of a fact that there is only one of, says everything in its path.
    if route.method in ("POST", "PATCH") or (route.method == "PUT" and not route.path.endswith(("tag}", "/cleared", "/reset"))):
        assert route.body is not None and min(route.body) <= route.since
    else:
        assert route.body is None


def test_the_table_is_the_golden_one() -> None:
    table = "".join(f"{line(route)}\n" for route in sorted(every_route(), key=lambda r: (r.path, r.method)))
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(table)
    assert GOLDEN.read_text() == table, "the contract changes: a new microversion, then UPDATE_GOLDEN=1"


def test_the_api_loads_no_taskflow() -> None:
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
