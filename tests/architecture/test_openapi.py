# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document: valid 3.1, every route of every version in it with what it answers, and a golden line for each."""

import os
import re
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from baremetal_svc.api.microversion import MAXIMUM, MINIMUM
from baremetal_svc.api.openapi import document, every_route
from baremetal_svc.api.operation_object import identifier, refusals

GOLDEN = Path(__file__).parent / "golden" / "answers.txt"
ROUTES = every_route()
VERSIONS = range(MINIMUM, MAXIMUM + 1)
DOCUMENTS = {minor: document(ROUTES, minor) for minor in VERSIONS}


def references(value: Any) -> set[str]:
    """Every $ref in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(part) for part in value.values()))
    return set().union(*(references(part) for part in value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("minor", VERSIONS)
def test_the_document_is_valid(minor: int) -> None:
    assert [error.message for error in OpenAPIV31SpecValidator(DOCUMENTS[minor]).iter_errors()] == []


@pytest.mark.parametrize("minor", VERSIONS)
def test_every_route_of_a_version_is_in_its_document_and_no_other(minor: int) -> None:
    described = {(method.upper(), path) for path, methods in DOCUMENTS[minor]["paths"].items() for method in methods}
    assert described == {(route.method, route.path) for route in ROUTES if route.since <= minor}


@pytest.mark.parametrize("minor", VERSIONS)
def test_everything_that_is_named_is_there_and_used(minor: int) -> None:
    named = {reference.removeprefix("#/components/") for reference in references(DOCUMENTS[minor])}
    parts = DOCUMENTS[minor]["components"]
    assert named == {f"{kind}/{name}" for kind in ("schemas", "responses", "headers") for name in parts[kind]}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_a_route_says_what_it_answers(route: Any) -> None:
    assert route.answers and min(route.answers) < 300
    assert set(route.refuses) <= {404, 409, 412}, "the rest follows from the route"
    assert re.fullmatch(r"[a-z_]+\.[a-z_]+", identifier(route))
    assert "." in (route.controller.__doc__ or ""), "the document is written from the controllers' docstrings"


def test_names_of_operations_are_unique() -> None:
    assert len({identifier(route) for route in ROUTES}) == len(ROUTES)


def test_a_version_shows_what_it_added() -> None:
    """Routes, arguments, attributes of bodies and of answers."""
    paths, schemas = ({minor: DOCUMENTS[minor][name] for minor in VERSIONS} for name in ("paths", "components"))
    assert "/v1/pools" not in paths[1] and "/v1/pools" in paths[2]
    shown = {minor: "tags" in schemas[minor]["schemas"]["Server"]["properties"] for minor in VERSIONS}
    assert shown == {1: False, 2: False, 3: True, 4: True, 5: True, 6: True}
    listed = {minor: {one["name"] for one in paths[minor]["/v1/flavors"]["get"]["parameters"]} for minor in VERSIONS}
    assert listed[2] - listed[1] == {"limit", "marker"}


def test_the_answers_are_the_golden_ones() -> None:
    """METHOD PATH: the answers | the refusals."""
    lines = []
    for route in sorted(ROUTES, key=lambda route: (route.path, route.method)):
        answered, refused = (" ".join(map(str, sorted(found))) for found in (route.answers, refusals(route)))
        lines.append(f"{route.method:6} {route.path:40} {answered} | {refused}\n")
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text("".join(lines))
    assert GOLDEN.read_text() == "".join(lines), "the contract changes: a new microversion, then UPDATE_GOLDEN=1"
