# SPDX-License-Identifier: Apache-2.0
"""Sphinx: the API reference and the history of microversions, written from the OpenAPI document of the code that is built."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from baremetal_svc.api import microversion
from baremetal_svc.api.openapi import document, every_route
from baremetal_svc.api.validation import UUID

_UNDERLINES = "=-^"
_BOUNDS = {
    "minimum": "at least {}",
    "maximum": "at most {}",
    "minLength": "{} characters or more",
    "maxLength": "{} characters at most",
    "minItems": "{} items or more",
    "maxItems": "{} items at most",
    "maxProperties": "{} entries at most",
}


def heading(text: str, level: int) -> Iterator[str]:
    """A title of a level, 0 the highest."""
    yield from (text, _UNDERLINES[level] * len(text), "")


def table(header: Sequence[str], rows: Sequence[Sequence[str]], widths: str) -> Iterator[str]:
    """A list-table, or nothing when it has no rows."""
    if not rows:
        return
    yield from (".. list-table::", "   :header-rows: 1", f"   :widths: {widths}", "")
    for row in (header, *rows):
        yield from (f"   {'*' if number == 0 else ' '} - {cell}" for number, cell in enumerate(row))
    yield ""


def literal(value: Any) -> str:
    """A value as it is written in JSON."""
    return f"``{value if isinstance(value, str) else json.dumps(value)}``"


def kind(schema: Any) -> str:
    """A schema in a few words."""
    if not isinstance(schema, Mapping) or not schema:
        return "any value"
    if schema == UUID:
        return "UUID"
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f":ref:`{name} <view-{name.lower()}>`"
    if "const" in schema or "enum" in schema:
        return " or ".join(literal(value) for value in schema.get("enum", [schema.get("const")]))
    if "type" not in schema:
        return " or ".join(dict.fromkeys(kind(one) for one in schema.get("oneOf", schema.get("anyOf", ())))) or "any value"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    words = " or ".join(f"array of {kind(schema.get('items'))}" if one == "array" else one for one in types)
    notes = [" or ".join(one["format"] for one in (schema, *schema.get("anyOf", ())) if "format" in one)]
    notes += [text.format(schema[name]) for name, text in _BOUNDS.items() if name in schema]
    notes += [f"matches ``{schema['pattern']}``"] if "pattern" in schema else []
    return "; ".join(part for part in (words, ", ".join(filter(None, notes))) if part)


def fields(schema: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """(name, yes or no, what it is) of every property, those of objects within objects too."""
    for name, one in schema.get("properties", {}).items():
        yield f"``{prefix}{name}``", "yes" if name in schema.get("required", ()) else "no", kind(one)
        if isinstance(one, Mapping):
            inner = one.get("items", {}) if one.get("type") == "array" else one
            within = f"{prefix}{name}[]." if inner is not one else f"{prefix}{name}."
            for choice in inner.get("oneOf", (inner,)) if isinstance(inner, Mapping) else ():
                yield from fields(choice, within)


def operation(method: str, path: str, found: Mapping[str, Any], parts: Mapping[str, Any]) -> Iterator[str]:
    """The section of one operation."""
    yield from heading(f"{method.upper()} {path}", 2)
    since = "" if found["x-since"] == f"1.{microversion.MINIMUM}" else f" New in {found['x-since']}."
    guarded = f" Policy ``{found['x-policy']}``." if "x-policy" in found else " No token is needed."
    summary = f"{found['summary'].rstrip('.')}."
    yield from (f"{summary} {found['description'].removeprefix(summary)}{since}{guarded}", "")
    rows = [(f"``{one['name']}``", one["in"], kind(one["schema"])) for one in found["parameters"] if one["name"] != microversion.HEADER]
    yield from table(("Parameter", "In", "What"), rows, "20 10 70")
    for name, body in list(found.get("requestBody", {}).get("content", {}).items())[:1]:
        rows = list(fields(body["schema"])) or [(f"``{name}``", "yes", kind(body["schema"]))]
        yield from table(("Body", "Required", "What"), rows, "30 10 60")
    rows = []
    for status, answer in found["responses"].items():
        described = parts["responses"][status] if "$ref" in answer else answer
        content = described.get("content", {}).get("application/json", {}).get("schema")
        inner = [f"``{name}``: {kind(one)}" for name, one in (content or {}).get("properties", {}).items() if not name.endswith("_links")]
        what = "no body" if content is None else ", ".join(inner) or kind(content)
        rows.append((status, described["description"], what))
    yield from table(("Answer", "Meaning", "Body"), rows, "10 40 50")


def reference(described: Mapping[str, Any]) -> Iterator[str]:
    """Sections by feature, then the views."""
    by_tag: dict[str, list[tuple[str, str, Any]]] = {}
    for path, methods in described["paths"].items():
        for method, found in methods.items():
            by_tag.setdefault(found["tags"][0], []).append((method, path, found))
    for tag, found_here in sorted(by_tag.items()):
        yield from heading(tag.replace("_", " ").capitalize(), 1)
        for method, path, found in found_here:
            yield from operation(method, path, found, described["components"])
    yield from heading("Views", 1)
    for name, view in described["components"]["schemas"].items():
        yield from (f".. _view-{name.lower()}:", "", *heading(name, 2), view.get("description", ""), "")
        yield from table(("Field", "Always", "What"), list(fields(view)), "25 10 65")


class Reference(SphinxDirective):
    """``openapi-reference``: every operation and view of the newest microversion."""

    def run(self) -> list[nodes.Node]:
        """The parsed sections."""
        lines = reference(document(every_route(), microversion.MAXIMUM))
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class History(SphinxDirective):
    """``microversion-history``: what each microversion added: the words of the code, and the paths."""

    def run(self) -> list[nodes.Node]:
        """The parsed sections."""
        lines: list[str] = []
        for minor, text in microversion.HISTORY.items():
            lines += [*heading(f"1.{minor}", 1), text, ""]
            added = sorted((route.path, route.method) for route in every_route() if route.since == minor > microversion.MINIMUM)
            lines += [f"* ``{method} {path}``" for path, method in added] + [""]
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


def write(app: Sphinx, error: Exception | None) -> None:
    """The documents themselves, beside the pages."""
    if error is None:
        for minor in microversion.HISTORY:
            Path(app.outdir, f"openapi-1.{minor}.json").write_text(json.dumps(document(every_route(), minor), indent=1))


def setup(app: Sphinx) -> dict[str, Any]:
    """Called by Sphinx."""
    app.add_directive("openapi-reference", Reference)
    app.add_directive("microversion-history", History)
    app.connect("build-finished", write)
    return {"parallel_read_safe": True}
