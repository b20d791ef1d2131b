# SPDX-License-Identifier: Apache-2.0
"""Bodies of tags. Source: the API working group's guideline on tags."""

from baremetal_svc.api.validation import EMPTY, TAG, TAGS, closed

__all__ = ["EMPTY", "REPLACE", "TAG"]

REPLACE = {3: closed({"tags": TAGS}, ["tags"])}
