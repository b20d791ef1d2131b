# SPDX-License-Identifier: Apache-2.0
"""What the product does: one folder per capability. This tuple is the only list to extend; whoever needs a part imports it by name."""

FEATURES = (
    "servers",
    "power",
    "rebuild",
    "adoption",
    "networks",
    "tags",
    "locking",
    "server_groups",
    "flavors",
    "keypairs",
    "quotas",
    "nodes",
    "node_tags",
    "pools",
    "scheduling",
    "reservations",
    "capacity",
    "aggregates",
    "operations",
    "events",
    "faults",
)
