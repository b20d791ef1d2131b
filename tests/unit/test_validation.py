# SPDX-License-Identifier: Apache-2.0
"""Schemas are valid, messages are short and without the schema, versions are negotiated."""

import time

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from baremetal_svc.api import faults, microversion, validation
from baremetal_svc.api.routing import feature_routes
from baremetal_svc.domain import errors


def _json(integers: st.SearchStrategy[int]) -> st.SearchStrategy[object]:
    return st.recursive(
        st.none() | st.booleans() | integers | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    )


json = _json(st.integers())


@given(json)
def test_any_body_is_accepted_or_refused_as_invalid(body: object) -> None:
    for route in feature_routes():
        for schema in (route.body or {}).values():
            try:
                validation.check(body, schema, "body")
            except errors.Invalid as refused:
                assert len(refused.detail) < 2000


# As many as orjson writes.
@given(_json(st.integers(-(2**53), 2**53)))
def test_a_body_is_what_it_was_but_for_the_kind_of_its_whole_numbers(body: object) -> None:
    parsed = validation.parse_body(orjson.dumps(body))
    assert parsed == orjson.loads(orjson.dumps(body))
    assert "2.0" not in repr(validation.parse_body(b'{"a": [2.0, {"b": -2.0}], "c": 2.0}'))


def test_a_body_that_is_nested_deeply_is_parsed_and_refused() -> None:
    deep = validation.parse_body(b"[" * 900 + b"2.0" + b"]" * 900)
    with pytest.raises(errors.Invalid, match="nested"):
        validation.check(deep, {}, "body")


@given(st.text())
def test_any_query_is_parsed_or_refused(text: str) -> None:
    try:
        validation.parse_query(text, validation.closed({"limit": validation.LIMIT}))
    except errors.Invalid as refused:
        assert refused.detail


@given(st.text())
def test_any_version_header_is_one_of_ours_or_refused(header: str) -> None:
    try:
        assert microversion.MINIMUM <= microversion.negotiate(header) <= microversion.MAXIMUM
    except errors.UnsupportedVersion as refused:
        assert "1.1" in refused.detail


@given(st.binary())
def test_any_bytes_are_json_or_malformed(raw: bytes) -> None:
    try:
        validation.parse_body(raw)
    except errors.Malformed as refused:
        assert refused.code == "malformed"


def test_every_error_has_a_status_and_a_code_of_its_own() -> None:
    tree = [c for c in vars(errors).values() if isinstance(c, type) and issubclass(c, errors.ServiceError)]
    assert len({c.code for c in tree}) == len(tree)
    assert all(c.title and c.hint for c in tree)
    assert faults.status_of(errors.OperationInProgress("x")) == 409
    assert faults.status_of(errors.Malformed("x")) == 400


def test_history_names_every_version() -> None:
    assert set(microversion.HISTORY) == set(range(microversion.MINIMUM, microversion.MAXIMUM + 1))


def test_a_query_must_not_name_an_argument_twice() -> None:
    with pytest.raises(errors.Invalid):
        validation.parse_query("a=1&a=2", validation.closed({"a": {"type": "string"}}))


def test_a_long_text_that_does_not_match_costs_no_more_than_its_length() -> None:
    """The largest body that is read; with two repetitions of the same characters in the pattern this took minutes."""
    begin = time.process_time()
    with pytest.raises(errors.Invalid):
        validation.check({"name": "a" * 262_144 + "\x01"}, validation.closed({"name": validation.NAME}), "body")
    assert time.process_time() - begin < 1


@pytest.mark.parametrize(
    ("value", "schema", "told"),
    [
        ("x" * 400, {"maxLength": 255}, "has more than 255 characters"),
        (["x" * 400] * 60, {"maxItems": 50}, "has more than 50 items"),
        ({str(number): "x" * 9 for number in range(129)}, {"maxProperties": 128}, "has more than 128 entries"),
        ("x", validation.UUID, "does not have the required form: a UUID"),
        ("a,b", validation.TAG, "without comma"),
        ("-1", {"type": "object"}, "'-1' is not of type 'object'"),
    ],
)
def test_what_is_wrong_is_said_however_long_the_value_is(value: object, schema: validation.Schema, told: str) -> None:
    with pytest.raises(errors.Invalid) as refused:
        validation.check({"a": value}, validation.closed({"a": schema}), "body")
    assert told in refused.value.detail and len(refused.value.detail) < 200


def test_a_secret_that_is_too_long_is_not_shown_but_its_limit_is() -> None:
    with pytest.raises(errors.Invalid) as refused:
        validation.check({"user_data": "s3cret" * 20}, validation.closed({"user_data": {"maxLength": 100}}), "body")
    assert refused.value.detail == "body/user_data: has more than 100 characters"


def test_a_number_below_its_range_is_a_number() -> None:
    with pytest.raises(errors.Invalid, match="-1 is less than the minimum of 1"):
        validation.parse_query("limit=-1", validation.closed({"limit": validation.LIMIT}))
