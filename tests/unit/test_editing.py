# SPDX-License-Identifier: Apache-2.0
"""JSON Patch on a document: whatever is sent, the result fits the schema or the request is refused, and the original is untouched."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.api import validation
from baremetal_svc.api.editing import PATCH, check_match, edited, etag
from baremetal_svc.domain.errors import Invalid, PreconditionFailed
from baremetal_svc.features.servers.schema import EDITED

DOCUMENT = {"name": "n", "description": None, "metadata": {"a": "1", "b": "2"}}
_PARTS = st.sampled_from(["name", "description", "metadata", "a", "b", "c", "-", "0", "~1", "~0", "~", "", "uuid"])
_PATHS = st.lists(_PARTS, min_size=1, max_size=4).map(lambda parts: "/" + "/".join(parts))
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)
_OPS = st.fixed_dictionaries({"op": st.sampled_from(["add", "replace"]), "path": _PATHS, "value": _VALUES}) | st.fixed_dictionaries(
    {"op": st.just("remove"), "path": _PATHS}
)


@given(st.lists(_OPS, min_size=1, max_size=5))
def test_any_patch_gives_a_valid_document_or_is_refused(patch: list[dict[str, Any]]) -> None:
    before = copy.deepcopy(DOCUMENT)
    try:
        validation.check(patch, PATCH, "body")
        validation.check(edited(DOCUMENT, patch, EDITED), EDITED, "edited")
    except Invalid:
        assert etag(before) == etag(DOCUMENT)
    assert before == DOCUMENT


def test_the_hint_names_what_can_be_edited() -> None:
    with pytest.raises(Invalid) as raised:
        edited(DOCUMENT, [{"op": "remove", "path": "/metadata/none"}], EDITED)
    assert "description, metadata, name" in raised.value.hint


def test_tags_tell_states_apart_whatever_the_order_of_keys() -> None:
    tag = etag(DOCUMENT)
    assert tag == etag(dict(reversed(DOCUMENT.items()))) != etag({**DOCUMENT, "description": ""})
    check_match(f'{tag}, "x"', DOCUMENT)
    for refused in ("", "x", tag.strip('"'), f"W/{tag}"):
        with pytest.raises(PreconditionFailed):
            check_match(refused, DOCUMENT)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"op": "replace", "path": "/name"}, "'value' is a required property"),
        ({"op": "replace", "path": "name", "value": 1}, "body/0/path: does not have the required form"),
        ({"op": "replace", "path": "", "value": 1}, "body/0/path: '' is too short"),
        ({"op": "move", "path": "/name"}, "'move' is not one of ['add', 'replace', 'remove']"),
        ({"path": "/name", "value": 1}, "'op' is a required property"),
        ({"op": "add", "path": "/name", "value": 1, "from": "/x"}, "('from' was unexpected)"),
    ],
)
def test_what_is_wrong_with_a_patch_is_said(patch: dict[str, Any], said: str) -> None:
    with pytest.raises(Invalid) as raised:
        validation.check([patch], PATCH, "body")
    assert said in raised.value.detail
