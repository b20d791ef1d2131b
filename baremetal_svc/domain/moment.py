# SPDX-License-Identifier: Apache-2.0
"""Moments as users write them."""

from datetime import UTC, datetime

from baremetal_svc.domain.errors import Invalid


def seconds_of(text: str) -> float:
    """A moment (ISO 8601; without an offset in UTC) as seconds since the epoch. :raises Invalid:"""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError) as error:
        raise Invalid(f"{text!r} is no time.", hint="Write it as 2026-11-29T17:00:00Z.") from error
