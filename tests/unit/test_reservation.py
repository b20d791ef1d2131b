# SPDX-License-Identifier: Apache-2.0
"""Ends of reservations, and what operators are told."""

import pytest

from baremetal_svc.domain.errors import Invalid
from baremetal_svc.domain.reservation import DAY, end_of, shortage

NOW = 1_800_000_000.0


@pytest.mark.parametrize("text", ["2027-01-16T08:00:00+00:00", "2027-01-16T08:00:00", "2027-01-16T08:00:00Z", "2027-01-16T09:00:00+01:00"])
def test_a_time_without_an_offset_is_in_utc(text: str) -> None:
    assert end_of(text, NOW, 90) == NOW + DAY


@pytest.mark.parametrize(
    ("text", "says"),
    [("soon", "is no time"), ("2027-01-15T08:00:00Z", "is over"), ("1970-01-01", "is over"), ("2027-01-17T08:00:01Z", "more than 2 days")],
)
def test_what_cannot_be_an_end(text: str, says: str) -> None:
    with pytest.raises(Invalid, match=says) as raised:
        end_of(text, NOW, 2)
    assert raised.value.hint


def test_the_number_agrees_with_its_verb() -> None:
    assert shortage("r", 4, 1).startswith("1 of the 4 machines of the reservation r is missing")
    assert shortage("r", 4, 2).startswith("2 of the 4 machines of the reservation r are missing")
