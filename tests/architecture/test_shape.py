# SPDX-License-Identifier: Apache-2.0
"""The shape of the tree: file names of features, words that we do not use, lengths, what must not be imported or be there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.mutations import FAULTS, Fault

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = CHECKOUT / "baremetal_svc"
WORDS = {"__init__", "api", "schema", "policy", "service", "flow", "tasks", "rules"}
UNWANTED = {"manager", "helper", "helpers", "utils", "util", "common", "base", "core", "handler", "engine", "instance"}
LONG_FILES = {PACKAGE / "db" / "models.py", PACKAGE / "gateways" / "protocols.py"}
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 400, 40


def sources(*names: str) -> Iterator[Path]:
    """Every Python file in these directories, scripts without a suffix too."""
    for name in names:
        for path in sorted((CHECKOUT / name).rglob("*")):
            script = path.is_file() and not path.suffix and path.read_bytes().startswith(b"#!/usr/bin/env python3")
            if path.suffix == ".py" or script:
                yield path


def tree(path: Path) -> list[ast.AST]:
    """Every node of a file."""
    return list(ast.walk(ast.parse(path.read_text(), str(path))))


def words(name: str) -> set[str]:
    """NodeTag, node_tag -> {node, tag}."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])", name)}


EVERYTHING = ("baremetal_svc", "tests", "devstack", "tools", "benchmarks")
FEATURES = [path.name for path in sorted((PACKAGE / "features").iterdir()) if path.is_dir() and path.name != "__pycache__"]


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_has_only_the_eight_files(feature: str) -> None:
    found = [path for path in (PACKAGE / "features" / feature).iterdir() if path.name != "__pycache__"]
    assert {path.name for path in found} <= {f"{word}.py" for word in WORDS}
    assert ast.get_docstring(ast.parse((PACKAGE / "features" / feature / "__init__.py").read_text()))


def test_every_folder_of_features_is_listed() -> None:
    from baremetal_svc.features import FEATURES as LISTED

    assert sorted(LISTED) == FEATURES


def test_names_that_we_coin_say_something() -> None:
    named = [(path.relative_to(CHECKOUT), path.stem) for path in sources("baremetal_svc")]
    for path in sources("baremetal_svc"):
        named += [(path.relative_to(CHECKOUT), node.name) for node in tree(path) if isinstance(node, ast.ClassDef)]
    assert [(str(path), name) for path, name in named if words(name) & UNWANTED] == []


def test_no_file_is_too_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in sources(*EVERYTHING, "alembic") if path not in LONG_FILES}
    assert {str(path.relative_to(CHECKOUT)): length for path, length in lengths.items() if length > MOST_LINES} == {}


def test_no_function_is_too_long() -> None:
    found = {}
    # Not alembic/: a migration is a list of columns.
    for path in sources(*EVERYTHING):
        for node in tree(path):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > MOST_LINES_OF_A_FUNCTION:
                    found[f"{path.relative_to(CHECKOUT)}:{node.lineno} {node.name}"] = length
    assert found == {}


def imported(node: ast.AST) -> list[str]:
    """Top-level names of what a node imports."""
    if isinstance(node, ast.ImportFrom):
        return [(node.module or "").partition(".")[0]]
    return [alias.name.partition(".")[0] for alias in node.names] if isinstance(node, ast.Import) else []


def test_nothing_imports_eventlet() -> None:
    assert [str(path) for path in sources(*EVERYTHING, "alembic") for node in tree(path) if "eventlet" in imported(node)] == []


def test_the_directory_alembic_is_no_package() -> None:
    assert list((CHECKOUT / "alembic").rglob("__init__.py")) == [], "it would hide the library of that name"


def test_every_file_has_its_licence() -> None:
    assert [str(path) for path in sources(*EVERYTHING, "alembic") if "SPDX-License-Identifier: Apache-2.0" not in path.read_text()] == []


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_fault_can_be_planted(fault: Fault) -> None:
    """Code moves; ``tools/bench mutations`` is run seldom, and would be the first to know."""
    assert (PACKAGE / fault.path).read_text().count(fault.old) == 1
