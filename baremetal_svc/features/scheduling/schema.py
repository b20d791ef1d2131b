# SPDX-License-Identifier: Apache-2.0
"""The body of a dry run: that of a create of servers as it is, of which only what says where they shall be counts."""

from baremetal_svc.api.validation import EMPTY, NAME, UUID, closed

__all__ = ["DRY_RUN", "EMPTY"]

_COUNT = {"type": "integer", "minimum": 1, "maximum": 1000}
#: What else a create takes: not looked at.
_REST = (
    "name", "description", "metadata", "partitions", "key_name", "public_key", "tags", "user_data", "personality",
    "adminPass",
)  # fmt: skip
_PLACED = {"flavor_uuid": UUID, "image_uuid": UUID, "availability_zone": NAME, "min_count": _COUNT, "max_count": _COUNT}
#: How many there are counts.
_NETWORKS = {"type": "array", "maxItems": 16}
_SERVER = closed({**_PLACED, "networks": _NETWORKS, **{name: {} for name in _REST}}, ["flavor_uuid"])
DRY_RUN = {6: closed({"server": _SERVER, "scheduler_hints": closed({"group": UUID, "reservation": UUID})}, ["server"])}
