# SPDX-License-Identifier: Apache-2.0
"""How many tags a server has at most."""

from collections.abc import Collection

from baremetal_svc.domain.errors import Invalid

#: Source: the API working group's guideline on tags.
MOST = 50


def added(tags: Collection[str], tag: str) -> set[str]:
    """The tags with one more. :raises Invalid: too many."""
    result = {*tags, tag}
    if len(result) > MOST:
        raise Invalid(f"A server has at most {MOST} tags.", hint="Remove one first.")
    return result
