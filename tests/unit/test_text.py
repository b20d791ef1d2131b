# SPDX-License-Identifier: Apache-2.0
"""What others say comes in a form that every database takes."""

import json

from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.domain.text import REPLACEMENT, storable

TEXT = st.text(st.characters(categories=None), max_size=20) | st.sampled_from(["\ud800", "\udc00\ud800", "a\x00"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT, lambda one: st.lists(one) | st.dictionaries(TEXT, one)
)


def test_characters_that_are_none() -> None:
    assert storable({"a\x00": ["b\ud800", ("ü", float("nan"))]}) == {f"a{REPLACEMENT}": [f"b{REPLACEMENT}", ["ü", None]]}
    assert storable("\ud83d\ude00") == "\U0001f600"


@given(VALUES)
def test_whatever_it_is(value: object) -> None:
    written = json.dumps(storable(value), allow_nan=False, ensure_ascii=False)
    assert "\x00" not in written and written.encode() and "\\u0000" not in written
    assert storable(storable(value)) == storable(value)
