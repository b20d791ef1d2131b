# SPDX-License-Identifier: Apache-2.0
"""Bodies of connections. Source: Mogan's contract, 1.3 and 2.2 (its client always sends ``fixed_address``, null when it has none)."""

from baremetal_svc.api.validation import UUID, closed

_ADDRESS = {"type": "string", "maxLength": 45, "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}]}

ATTACH = {1: {"oneOf": [closed({"net_id": UUID}, ["net_id"]), closed({"port_id": UUID}, ["port_id"])]}}
ASSOCIATE = {1: closed({"address": _ADDRESS, "fixed_address": {"oneOf": [{"type": "null"}, _ADDRESS]}}, ["address"])}
