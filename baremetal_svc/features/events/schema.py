# SPDX-License-Identifier: Apache-2.0
"""Queries of events."""

from baremetal_svc.api.validation import LIMIT, UUID, closed

LIST = {3: closed({"limit": LIMIT, "marker": UUID})}
